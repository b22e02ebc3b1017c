//! `precast sign` and `precast keygen`: signatures for `run --trust`, and the keys
//! for them.

use super::output;
use crate::exit::{Failure, Result};
use clap::Args;
use ed25519_dalek::{SECRET_KEY_LENGTH, Signer, SigningKey};
use precast_loader::signature_path;
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// `precast keygen`.
#[derive(Args, Debug)]
pub struct KeygenCommand {
    /// Where to write the secret key, which must not be there yet; the public key
    /// gets .pub after its name
    #[arg(value_name = "FILE")]
    key: PathBuf,
}

/// `precast sign`.
#[derive(Args, Debug)]
pub struct SignCommand {
    /// The secret key, as `precast keygen` has made it
    #[arg(long, value_name = "FILE")]
    key: PathBuf,

    /// Artifacts; the signature of app.cwasm is written to app.cwasm.sig
    #[arg(required = true, value_name = "ARTIFACT")]
    inputs: Vec<PathBuf>,
}

impl KeygenCommand {
    /// Writes a new secret key, which only this user can read, and its public key.
    pub(super) fn run(&self) -> Result {
        let mut secret = [0; SECRET_KEY_LENGTH];
        let random = File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut secret));
        random.map_err(Failure::while_doing("cannot make a key"))?;
        let failed = || Failure::while_doing(format!("cannot write {}", self.key.display()));
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&self.key)
            .map_err(failed())?;
        file.write_all(line(&secret).as_bytes()).map_err(failed())?;
        let public = SigningKey::from_bytes(&secret).verifying_key().to_bytes();
        let mut name = OsString::from(&self.key);
        name.push(".pub");
        output::write_bytes(Path::new(&name), line(&public).as_bytes())
    }
}

impl SignCommand {
    /// Signs each artifact as it is.
    pub(super) fn run(&self) -> Result {
        let key = secret_key(&self.key)?;
        for input in &self.inputs {
            let bytes = fs::read(input).map_err(Failure::while_doing(input.display()))?;
            let signature = key.sign(&bytes).to_bytes();
            output::write_bytes(&signature_path(input), line(&signature).as_bytes())?;
        }
        Ok(())
    }
}

/// The secret key in a file.
fn secret_key(path: &Path) -> Result<SigningKey> {
    let text = fs::read_to_string(path).map_err(Failure::while_doing(path.display()))?;
    let bytes = hex::decode(text.trim()).ok().and_then(|bytes| bytes.try_into().ok());
    let bytes: [u8; SECRET_KEY_LENGTH] = bytes.ok_or_else(|| {
        let path = path.display();
        Failure::Error(format!("{path}: no secret key, a line of 64 hexadecimal digits"))
    })?;
    Ok(SigningKey::from_bytes(&bytes))
}

/// As it is written to a file.
fn line(bytes: &[u8]) -> String {
    hex::encode(bytes) + "\n"
}
