//! A store of results by key, which any number of processes share: functions and
//! artifacts that were compiled before.
//!
//! | path | holds |
//! |-|-|
//! | `results/ab/cdef...` | a result, named by the SHA-256 of its key and of this program; behind it the SHA-256 of its bytes |
//!
//! A file comes to be whole, under a name that says what it is: writers do not
//! wait for each other, and what two write is the same. What is damaged, or
//! could have been written by another user, is as good as absent. Nothing in a
//! file speaks of the machine, so the folder may be copied to another.

use rustix::fs::{AtFlags, CWD, Mode, OFlags, linkat, open};
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

/// The store's name in the folder of a cache.
const FOLDER: &str = "results";

/// Bytes of a digest.
const DIGEST: usize = 32;

/// How exactly the time of the last use is kept.
const USED: Duration = Duration::from_secs(3600);

/// Part of its bound that a process may write without looking whether the store
/// has outgrown it; of less it looks as seldom as it is less.
const UNSEEN: u64 = 64;

/// A folder with results.
pub struct ResultStore {
    folder: PathBuf,
    /// What tells this program from another that would give other results.
    program: Vec<u8>,
    /// Bytes that it may take.
    most: u64,
    written: AtomicU64,
}

/// What is in a store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoreSize {
    /// Results.
    pub entries: u64,
    /// Bytes of them.
    pub bytes: u64,
}

impl ResultStore {
    /// The store in the folder of a cache, which is made if need be.
    ///
    /// # Errors
    ///
    /// When it cannot be made, or others than this user could write to it.
    pub fn open(cache: &Path, program: Vec<u8>, most: u64) -> io::Result<Self> {
        let folder = cache.join(FOLDER);
        own_folder(cache)?;
        own_folder(&folder)?;
        Ok(Self { folder, program, most, written: AtomicU64::new(0) })
    }

    /// Whether there is a store in the folder of a cache.
    pub fn exists(cache: &Path) -> bool {
        cache.join(FOLDER).exists()
    }

    fn path(&self, key: &[u8]) -> PathBuf {
        let mut hash = Sha256::new();
        hash.update(&self.program);
        hash.update(key);
        let name = hex::encode(hash.finalize());
        self.folder.join(&name[..2]).join(&name[2..])
    }

    /// The result with this key, if there is one that is whole and this user's.
    pub fn get(&self, key: &[u8]) -> Option<Vec<u8>> {
        let path = self.path(key);
        let (file, meta) = private(&path)?;
        let mut bytes = Vec::with_capacity(meta.len() as usize);
        // No more than that is asked for, so that the end is not looked for.
        (&file).take(meta.len()).read_to_end(&mut bytes).ok()?;
        let sum = bytes.split_off(bytes.len().saturating_sub(DIGEST));
        if sum != Sha256::digest(&bytes)[..] {
            // In its place a whole one can come.
            let _ = fs::remove_file(&path);
            return None;
        }
        let now = SystemTime::now();
        if meta.modified().is_ok_and(|used| now.duration_since(used).is_ok_and(|t| t > USED)) {
            let _ = file.set_modified(now);
        }
        Some(bytes)
    }

    /// Stores a result, which is given in parts. Where that fails, as on a full disk,
    /// it is not stored.
    pub fn put(&self, key: &[u8], value: &[&[u8]]) {
        if self.store(&self.path(key), value).is_ok() {
            let len: usize = value.iter().map(|part| part.len()).sum();
            self.written.fetch_add((len + DIGEST) as u64, Ordering::Relaxed);
        }
    }

    fn store(&self, path: &Path, value: &[&[u8]]) -> io::Result<()> {
        let shard = path.parent().expect("a path below the store");
        let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
        let nameless = || open(shard, flags, Mode::RUSR | Mode::WUSR);
        let file = match nameless() {
            Err(rustix::io::Errno::NOENT) => {
                own_folder(shard)?;
                nameless()
            }
            other => other,
        };
        let Ok(file) = file.map(File::from) else { return store_named(shard, path, value) };
        write(&file, value)?;
        let own = format!("/proc/self/fd/{}", file.as_raw_fd());
        match linkat(CWD, own, CWD, path, AtFlags::SYMLINK_FOLLOW) {
            // Another process was first, with the same.
            Err(rustix::io::Errno::EXIST) => Ok(()),
            done => Ok(done?),
        }
    }

    /// Looks whether there is too much in the store, if this process may have
    /// made it so.
    pub fn settle(&self) {
        let (written, unseen) = (self.written.load(Ordering::Relaxed), self.most / UNSEEN);
        let chance = RandomState::new().build_hasher().finish() % unseen.max(1);
        if written > chance {
            self.prune(self.most);
        }
    }

    /// Removes what was not used the longest until the rest takes no more than
    /// `most` bytes. Gives what was removed.
    pub fn prune(&self, most: u64) -> StoreSize {
        let mut all = self.files();
        let mut bytes: u64 = all.iter().map(|(_, size, _)| size).sum();
        all.sort_unstable_by_key(|(used, ..)| *used);
        let mut removed = StoreSize::default();
        for (_, size, path) in all {
            if bytes <= most {
                break;
            }
            if fs::remove_file(path).is_ok() {
                removed.entries += 1;
                removed.bytes += size;
            }
            bytes -= size;
        }
        removed
    }

    /// What there is.
    pub fn size(&self) -> StoreSize {
        let files = self.files();
        let bytes = files.iter().map(|(_, size, _)| size).sum();
        StoreSize { entries: files.len() as u64, bytes }
    }

    /// When each file was used, its size and path; what a killed process has
    /// left among them.
    fn files(&self) -> Vec<(SystemTime, u64, PathBuf)> {
        let shards = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let files = shards.flat_map(|shard| fs::read_dir(shard.path()).into_iter().flatten());
        let described = files.flatten().filter_map(|file| {
            let meta = file.metadata().ok().filter(fs::Metadata::is_file)?;
            Some((meta.modified().ok()?, meta.len(), file.path()))
        });
        described.collect()
    }
}

/// Functions of a store.
pub struct Functions(pub Arc<ResultStore>);

impl precast_compiler::FunctionCache for Functions {
    fn get(&self, key: &[u8; 32]) -> Option<Vec<u8>> {
        self.0.get(key)
    }

    fn put(&self, key: &[u8; 32], value: &[u8]) {
        self.0.put(key, &[value]);
    }
}

/// Opens a file that only this user can have written.
fn private(path: &Path) -> Option<(File, fs::Metadata)> {
    let flags = OFlags::NOFOLLOW.bits() as i32;
    let file = File::options().read(true).custom_flags(flags).open(path).ok()?;
    let meta = file.metadata().ok()?;
    let ours = meta.uid() == rustix::process::geteuid().as_raw() && meta.mode() & 0o022 == 0;
    (ours && meta.is_file()).then_some((file, meta))
}

/// As [`ResultStore::put`] where files have a name from the start.
fn store_named(shard: &Path, path: &Path, value: &[&[u8]]) -> io::Result<()> {
    let file = tempfile::Builder::new().prefix(".new-").tempfile_in(shard)?;
    write(file.as_file(), value)?;
    match file.persist_noclobber(path) {
        Err(why) if why.error.kind() != ErrorKind::AlreadyExists => Err(why.error),
        _ => Ok(()),
    }
}

/// Parts of no more bytes are put together, so that a file takes one write.
const SMALL: usize = 1 << 20;

fn write(mut file: &File, value: &[&[u8]]) -> io::Result<()> {
    let mut hash = Sha256::new();
    value.iter().for_each(|part| hash.update(part));
    let sum = hash.finalize();
    let mut together = Vec::new();
    for part in value.iter().copied().chain([&sum[..]]) {
        if together.len() + part.len() > SMALL {
            file.write_all(&together)?;
            together.clear();
        }
        match part.len() > SMALL {
            true => file.write_all(part)?,
            false => together.extend(part),
        }
    }
    file.write_all(&together)
}

/// Makes a folder, for this user alone, and sees that it belongs to them.
///
/// # Errors
///
/// When it cannot be made, is another user's, or others can write to it.
pub fn own_folder(folder: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let meta = fs::metadata(folder)?;
    let (owner, me) = (meta.uid(), rustix::process::geteuid().as_raw());
    if owner != me {
        return Err(io::Error::other(format!("it belongs to user {owner}")));
    }
    match meta.mode() & 0o022 {
        0 => Ok(()),
        _ => Err(io::Error::other("others can write to it")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn store(most: u64) -> (tempfile::TempDir, ResultStore) {
        let folder = tempfile::tempdir().unwrap();
        let store =
            ResultStore::open(&folder.path().join("cache"), b"program".to_vec(), most).unwrap();
        (folder, store)
    }

    #[test]
    fn what_was_stored_comes_back_to_the_same_program_only() {
        let (folder, store) = store(1 << 20);
        assert_eq!(store.get(b"key"), None);
        store.put(b"key", &[b"value"]);
        store.put(b"key", &[b"value"]);
        store.put(b"empty", &[]);
        assert_eq!(store.get(b"key"), Some(b"value".to_vec()));
        assert_eq!(store.get(b"empty"), Some(Vec::new()));
        assert_eq!(store.size(), StoreSize { entries: 2, bytes: 5 + 2 * DIGEST as u64 });
        let other = ResultStore::open(&folder.path().join("cache"), b"other".to_vec(), 1).unwrap();
        assert_eq!(other.get(b"key"), None);
    }

    #[test]
    fn what_is_damaged_or_could_be_anothers_is_absent() {
        let (_folder, store) = store(1 << 20);
        for damage in [&b""[..], b"value", &[0; 37]] {
            store.put(b"key", &[b"value"]);
            fs::write(store.path(b"key"), damage).unwrap();
            assert_eq!(store.get(b"key"), None);
            store.put(b"key", &[b"value"]);
            assert_eq!(store.get(b"key"), Some(b"value".to_vec()));
        }
        fs::set_permissions(store.path(b"key"), fs::Permissions::from_mode(0o666)).unwrap();
        assert_eq!(store.get(b"key"), None);
        let whole = fs::read(store.path(b"key")).unwrap();
        let elsewhere = store.folder.join("planted");
        fs::write(&elsewhere, whole).unwrap();
        fs::remove_file(store.path(b"key")).unwrap();
        std::os::unix::fs::symlink(&elsewhere, store.path(b"key")).unwrap();
        assert_eq!(store.get(b"key"), None);
        fs::set_permissions(&store.folder, fs::Permissions::from_mode(0o777)).unwrap();
        let cache = store.folder.parent().unwrap();
        assert!(ResultStore::open(cache, Vec::new(), 1).is_err());
    }

    #[test]
    fn what_was_not_used_the_longest_goes_first() {
        let (_folder, store) = store(100);
        let old = SystemTime::now() - 10 * USED;
        for (age, key) in [b"a", b"b", b"c"].into_iter().enumerate() {
            store.put(key, &[&[7; 6], &[7; 4]]);
            let file = File::options().append(true).open(store.path(key)).unwrap();
            file.set_modified(old + age as u32 * USED).unwrap();
        }
        // Used again.
        assert!(store.get(b"a").is_some());
        store.settle();
        assert_eq!(store.get(b"b"), None);
        assert!(store.get(b"a").is_some() && store.get(b"c").is_some());
        assert_eq!(store.prune(0), StoreSize { entries: 2, bytes: 84 });
        assert_eq!(store.size(), StoreSize::default());
    }
}
