//! Signatures of artifacts: Ed25519 (RFC 8032) over all bytes of the file, in a file
//! beside it: that of `app.cwasm` is in `app.cwasm.sig`. Keys and signatures are
//! lines of hexadecimal digits.

use crate::error::{Error, Result};
use ed25519_dalek::{Signature, VerifyingKey};
use std::fs;
use std::path::{Path, PathBuf};

/// Whose artifacts are trusted: Ed25519 public keys, as `precast keygen` makes them.
///
/// ```no_run
/// use precast_loader::{Artifact, TrustedKeys};
///
/// # fn main() -> precast_loader::Result<()> {
/// let mut keys = TrustedKeys::new();
/// keys.read("release.key.pub")?;
/// let artifact = Artifact::open_signed("plugin.cwasm", &keys)?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct TrustedKeys(Vec<VerifyingKey>);

impl TrustedKeys {
    /// None yet: nothing is trusted.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a key.
    ///
    /// # Errors
    ///
    /// The bytes are no public key, or a weak one, under which anybody can sign.
    pub fn add(&mut self, key: &[u8; 32]) -> Result<&mut Self> {
        let key = VerifyingKey::from_bytes(key).ok().filter(|key| !key.is_weak());
        self.0.push(key.ok_or_else(|| Error::usage("these bytes are no Ed25519 public key"))?);
        Ok(self)
    }

    /// Adds the key in a file: a line of 64 hexadecimal digits.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or is no key.
    pub fn read(&mut self, path: impl AsRef<Path>) -> Result<&mut Self> {
        let path = path.as_ref();
        let failed =
            || format!("{}: no public key, a line of 64 hexadecimal digits", path.display());
        let text = fs::read_to_string(path)
            .map_err(Error::system(format!("cannot read `{}`", path.display())))?;
        let bytes = hexadecimal(text.trim()).ok_or_else(|| Error::usage(failed()))?;
        self.add(&bytes).map_err(|_| Error::usage(failed()))
    }

    /// The bytes of a file that the owner of one of the keys has signed, read once.
    pub(super) fn read_signed(&self, path: &Path) -> Result<Vec<u8>> {
        let beside = signature_path(path);
        let unsigned = |why: String| Error::Unsigned(path.to_owned(), why);
        let bytes =
            fs::read(path).map_err(Error::system(format!("cannot read `{}`", path.display())))?;
        let text = fs::read_to_string(&beside)
            .map_err(|why| unsigned(format!("no signature in `{}`: {why}", beside.display())))?;
        let signature: [u8; 64] = hexadecimal(text.trim()).ok_or_else(|| {
            unsigned(format!("`{}` is no line of 128 hexadecimal digits", beside.display()))
        })?;
        let signature = Signature::from_bytes(&signature);
        match self.0.iter().any(|key| key.verify_strict(&bytes, &signature).is_ok()) {
            true => Ok(bytes),
            false => Err(unsigned(
                "its signature is of no key that is trusted, or one of the two was altered since"
                    .to_owned(),
            )),
        }
    }
}

/// Where the signature of a file is: beside it, with `.sig` after its name.
pub fn signature_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".sig");
    name.into()
}

/// The bytes that so many pairs of hexadecimal digits stand for.
fn hexadecimal<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits: Option<Vec<u8>> =
        text.chars().map(|digit| Some(digit.to_digit(16)? as u8)).collect();
    let digits = digits.filter(|digits| digits.len() == 2 * N)?;
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = pair[0] << 4 | pair[1];
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Test 2 of RFC 8032, section 7.1.
    #[test]
    fn signatures_of_the_standard() {
        let folder = std::env::temp_dir().join(format!("precast-trust-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let (key, file) = (folder.join("key.pub"), folder.join("file"));
        let public = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";
        let signature = "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
                         085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00";
        fs::write(&key, public).unwrap();
        fs::write(&file, [0x72]).unwrap();
        fs::write(signature_path(&file), signature).unwrap();
        let mut keys = TrustedKeys::new();
        assert!(matches!(keys.read_signed(&file), Err(Error::Unsigned(..))));
        keys.read(&key).unwrap();
        assert_eq!(keys.read_signed(&file).unwrap(), [0x72]);
        fs::write(&file, [0x73]).unwrap();
        assert!(matches!(keys.read_signed(&file), Err(Error::Unsigned(..))));
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn only_whole_lines_of_digits_are_keys() {
        assert_eq!(hexadecimal("00a5Ff"), Some([0, 0xa5, 0xff]));
        for wrong in ["", "00a5f", "00a5fg", "00a5ff00", "+0a5ff", "\u{e9}0a5f"] {
            assert_eq!(hexadecimal::<3>(wrong), None, "{wrong}");
        }
        // The neutral element: everything is signed by it.
        let mut weak = [0; 32];
        weak[0] = 1;
        assert!(TrustedKeys::new().add(&weak).is_err());
    }
}
