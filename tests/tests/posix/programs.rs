//! The programs of `fixtures/posix`, built for this machine and as guests, and
//! started in folders made alike.

use precast_tests::binaries::{folder, precast, precast_run};
use precast_tests::outcome::run;
use precast_tests::{fixture, scratch};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A program's language, which says how it is built.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    /// Both are built here.
    C,
    /// The guest lies in `fixtures/posix`: few machines have its library.
    Rust,
    /// Both are built here; see [`go`].
    Go,
}

/// Go's command, from `fixtures/fetch.sh go`.
pub(crate) fn go() -> PathBuf {
    fixture("real/go/go/bin/go")
}

/// A program as it was built, with what it needs.
pub(crate) struct ComparedProgram {
    name: &'static str,
    language: Language,
    folder: tempfile::TempDir,
}

/// Who runs a program, and where.
pub(crate) struct Setting<'a> {
    /// Options of `start.c`.
    pub(crate) options: &'a [&'a str],
    /// Where the folders are made.
    pub(crate) place: &'a Path,
}

impl ComparedProgram {
    /// Builds a program.
    pub(crate) fn build(name: &'static str, language: Language) -> Self {
        let program = Self { name, language, folder: scratch() };
        for helper in ["world", "start"] {
            program.cc(helper);
        }
        let module = match language {
            Language::C => program.c(),
            Language::Rust => program.rust(),
            Language::Go => program.go(),
        };
        let artifact = program.at("guest.cwasm");
        run(precast().arg("compile").arg(&module).arg("-o").arg(artifact)).exits(0);
        // Where every user may start it.
        fs::copy(precast_run().get_program(), program.at("precast-run")).expect("a copy");
        let open = fs::Permissions::from_mode(0o755);
        fs::set_permissions(program.folder.path(), open).expect("our own folder");
        program
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn cc(&self, name: &str) {
        let source = fixture(&format!("posix/{name}.c"));
        run(Command::new("cc").arg("-O1").arg(source).arg("-o").arg(self.at(name))).exits(0);
    }

    fn c(&self) -> PathBuf {
        self.cc(self.name);
        let module = self.at("guest.wasm");
        let source = fixture(&format!("posix/{}.c", self.name));
        let mut clang = Command::new("clang-19");
        clang.args(["--target=wasm32-wasi", "-O1"]).arg(source).arg("-o").arg(&module);
        run(&mut clang).exits(0);
        module
    }

    fn rust(&self) -> PathBuf {
        let source = fixture(&format!("posix/{}.rs", self.name));
        let mut rustc = Command::new(std::env::var_os("RUSTC").unwrap_or("rustc".into()));
        rustc.args(["--edition", "2024", "-O"]).arg(source).arg("-o").arg(self.at(self.name));
        run(&mut rustc).exits(0);
        fixture(&format!("posix/{}.wasm", self.name))
    }

    fn go(&self) -> PathBuf {
        let module = self.at("guest.wasm");
        for (system, machine, out) in
            [(std::env::consts::OS, "", self.at(self.name)), ("wasip1", "wasm", module.clone())]
        {
            let mut go = Command::new(go());
            go.args(["build", "-trimpath", "-ldflags=-s -w", "-o"]).arg(out);
            go.arg(fixture(&format!("posix/{}.go", self.name)));
            go.env("GOOS", system).env("GOARCH", machine).env("CGO_ENABLED", "0");
            // Its own library, built, is kept.
            go.env("GOCACHE", folder().join("go-cache")).env("GOTOOLCHAIN", "local");
            run(&mut go).exits(0);
        }
        module
    }

    /// A command that `start` starts with these options, in a folder.
    fn start(&self, options: &[&str], program: &str, folder: &Path) -> Command {
        let mut command = Command::new(self.at("start"));
        command.args(options).arg("--").arg(self.at(program)).current_dir(folder);
        command
    }

    /// What the program prints, natively or as a guest, in fresh folders: its
    /// standard output, or what it leaves in the file `result`.
    pub(crate) fn lines(
        &self,
        guest: bool,
        setting: &Setting,
        result: Option<&str>,
    ) -> Vec<String> {
        let Setting { options, place } = setting;
        let folder = tempfile::tempdir_in(place).expect("a place for folders");
        let open = fs::Permissions::from_mode(0o777);
        fs::set_permissions(folder.path(), open).expect("our own folder");
        let count = run(Command::new(self.at(self.name)).arg("count")).succeeds().text();
        let user: Vec<_> = options.iter().copied().filter(|option| *option == "user").collect();
        run(self.start(&user, "world", folder.path()).arg(count.trim())).succeeds();
        let mut command = match guest {
            false => self.start(options, self.name, folder.path()),
            true => {
                let mut command = self.start(options, "precast-run", folder.path());
                match self.language {
                    // Go's library makes every path absolute.
                    Language::Go => command.args(["--dir", ".::/", "--env", "PWD=/"]),
                    Language::C | Language::Rust => command.args(["--dir", "."]),
                };
                command.args(["--dir", "/dev"]).arg(self.at("guest.cwasm"));
                command
            }
        };
        let text = run(&mut command).succeeds().text();
        let text = match result {
            None => text,
            Some(name) => {
                let bytes = fs::read(folder.path().join(name)).expect("the program's lines");
                String::from_utf8_lossy(&bytes).into_owned()
            }
        };
        // What may not be entered cannot be removed by its owner either.
        run(Command::new("chmod").args(["-R", "u+rwX"]).arg(folder.path())).exits(0);
        text.lines().map(str::to_owned).collect()
    }
}
