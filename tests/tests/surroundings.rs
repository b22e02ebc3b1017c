//! What a build machine may lack: a home, room, rights, standard input, a file
//! system that can be written.

use precast_tests::binaries::precast;
use precast_tests::outcome::{Outcome, run};
use precast_tests::{fixture, need, need_permission, scratch};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

/// Runs a script in a folder, where `$precast` compiles `$hello`.
fn script(folder: &Path, mut command: Command, script: &str) -> Outcome {
    command.arg(script).current_dir(folder).stdin(Stdio::null());
    command.env("precast", precast().get_program()).env("hello", fixture("programs/hello.wasm"));
    command.env_remove("PRECAST_CACHE");
    run(&mut command)
}

fn shell(words: &[&str]) -> Command {
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).args(["sh", "-c"]);
    command
}

fn is_artifact(path: &Path) -> bool {
    fs::read(path).expect("an artifact").starts_with(b"\x7fELF")
}

#[test]
fn poor_surroundings_are_enough() {
    let folder = scratch();
    let compile = "exec env -i $precast compile -q -j2 $hello -o out.cwasm <&- >&-";
    let limited = format!("ulimit -v 524288; {compile}");
    script(folder.path(), shell(&["env"]), &limited).succeeds();
    assert!(is_artifact(&folder.path().join("out.cwasm")));
}

/// As in a container whose root is not to be changed.
#[test]
fn a_file_system_that_cannot_be_written_is_enough() {
    need!("unshare");
    let folder = scratch();
    let within = |text: &str| {
        fs::create_dir_all(folder.path().join("out")).expect("a folder");
        let sealed = "mount -t tmpfs none out && mount -o remount,bind,ro / || exit 77";
        let home = "export HOME=/nowhere; unset XDG_CACHE_HOME";
        let whole = format!("{sealed}; {home}; {text}");
        script(folder.path(), shell(&["unshare", "-rm"]), &whole)
    };
    let probe = within("touch denied 2>/dev/null || echo sealed");
    need_permission!(probe.text() == "sealed\n", "the system lets nobody seal a file system");
    let outcome = within(
        "$precast compile -q $hello -o out/one.cwasm && $precast inspect out/one.cwasm >/dev/null \\
         && $precast compile -q $hello --out-dir out/many --cache out/cache && ls out/many",
    );
    outcome.succeeds().prints("hello.cwasm\n");
    // Run at once, there is nowhere to keep what is compiled.
    let outcome = within("$precast run $hello").exits(0).complains(&["the cache is not used"]);
    assert_eq!(outcome.text(), "hello, world\n");
}

#[test]
fn a_user_without_rights_is_enough() {
    let folder = scratch();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).expect("allowed");
    for (from, to) in [
        (Path::new(precast().get_program()), "precast"),
        (&fixture("programs/hello.wasm"), "hello.wasm"),
    ] {
        fs::copy(from, folder.path().join(to)).expect("a copy");
    }
    let out = folder.path().join("out");
    fs::create_dir(&out).expect("a folder");
    let given = std::os::unix::fs::chown(&out, Some(65534), Some(65534));
    need_permission!(given.is_ok(), "the system lets nobody become another user");
    let user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs"];
    let text = "cd out && ../precast compile -q ../hello.wasm --cache cache && \\
        ../precast compile -q ../hello.wasm -o ../denied.cwasm; echo $?; ls";
    let outcome = script(folder.path(), shell(&user), text).exits(0);
    assert_eq!(outcome.text(), "1\ncache\nhello.cwasm\n");
    let outcome = outcome.complains(&["denied.cwasm", "Permission denied"]);
    assert!(!outcome.stderr.contains("cache"), "{}", outcome.stderr);
}

/// A container with 512 MB, in which four small modules are compiled at once.
#[test]
fn half_a_gigabyte_is_enough_for_small_modules() {
    let group = Path::new("/sys/fs/cgroup/memory").join(format!("precast-{}", std::process::id()));
    let made = fs::create_dir(&group)
        .and_then(|()| fs::write(group.join("memory.limit_in_bytes"), "512M"));
    need_permission!(made.is_ok(), "the system lets nobody make a control group: {made:?}");
    let folder = scratch();
    let mut inputs = Vec::new();
    for number in 0..4 {
        let to = folder.path().join(format!("{number}.wasm"));
        fs::copy(fixture("programs/inventory.wasm"), &to).expect("a copy");
        inputs.push(format!("{number}.wasm"));
    }
    let mut command = Command::new("sh");
    command.arg("-c").env("group", &group).env("inputs", inputs.join(" "));
    let text = "echo $$ > $group/tasks && exec $precast compile -q $inputs -g --out-dir out \\
        --target x86_64-unknown-linux-gnu,aarch64-unknown-linux-gnu";
    let outcome = script(folder.path(), command, text);
    let failed = fs::read_to_string(group.join("memory.failcnt")).expect("a count");
    fs::remove_dir(&group).expect("an empty group");
    outcome.exits(0);
    assert_eq!(failed.trim(), "0", "memory was short");
}
/// A quota of one processor, which the kernel enforces by stopping whoever uses
/// more, makes one thread.
#[test]
fn quotas_of_control_groups_count() {
    let group = Path::new("/sys/fs/cgroup/cpu").join(format!("precast-{}", std::process::id()));
    let made = fs::create_dir(&group).and_then(|()| {
        fs::write(group.join("cpu.cfs_period_us"), "100000")?;
        fs::write(group.join("cpu.cfs_quota_us"), "100000")
    });
    need_permission!(made.is_ok(), "the system lets nobody make a control group: {made:?}");
    let mut command = Command::new("sh");
    let script = "echo $$ > $group/tasks && exec $precast compile $hello -o /dev/null -j 100";
    command.args(["-c", script]).env("group", &group);
    command.env("precast", precast().get_program()).env("hello", fixture("programs/hello.wasm"));
    let outcome = run(&mut command);
    fs::remove_dir(&group).expect("an empty group");
    outcome.exits(0).complains(&["4 threads in place of 100"]);
}
