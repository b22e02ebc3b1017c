//! What this process was loaded from.

use std::path::PathBuf;

/// The file that is mapped at an address, and the place in it.
pub(crate) fn file_of(address: usize) -> Option<(PathBuf, u64)> {
    find(&std::fs::read_to_string("/proc/self/maps").ok()?, address)
}

/// Lines are `start-end permissions offset device inode path` (proc(5)).
fn find(maps: &str, address: usize) -> Option<(PathBuf, u64)> {
    maps.lines().find_map(|line| {
        let mut fields = line.splitn(6, ' ');
        let (start, end) = fields.next()?.split_once('-')?;
        let hex = |text| usize::from_str_radix(text, 16).ok();
        let (start, end) = (hex(start)?, hex(end)?);
        let offset = hex(fields.nth(1)?)?;
        let path = fields.nth(2)?.trim_start();
        let inside = (start..end).contains(&address) && path.starts_with('/');
        inside.then(|| (path.into(), (address - start + offset) as u64))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_found_in_their_file() {
        let maps = "\
1000-3000 r--p 00000000 08:01 42                         /bin/a program
3000-5000 r-xp 00002000 08:01 42                         /bin/a program
5000-6000 rw-p 00000000 00:00 0 
";
        assert_eq!(find(maps, 0x3010), Some(("/bin/a program".into(), 0x2010)));
        assert_eq!(find(maps, 0x5010), None);
        assert_eq!(find(maps, 0x9000), None);
        let (path, _) = file_of(addresses_are_found_in_their_file as *const () as usize).unwrap();
        assert_eq!(path, std::env::current_exe().unwrap());
    }
}
