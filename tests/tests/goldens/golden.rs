//! One golden file: a module, what is asked about it, and what is expected.

use precast_tests::root;
use std::path::Path;

/// A machine that goldens are shown for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GoldenTarget {
    X86_64,
    Aarch64,
    Riscv64,
}

impl GoldenTarget {
    const ALL: [Self; 3] = [Self::X86_64, Self::Aarch64, Self::Riscv64];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64",
            Self::Aarch64 => "aarch64",
            Self::Riscv64 => "riscv64",
        }
    }

    pub(crate) fn triple(self) -> String {
        let architecture = match self {
            Self::Riscv64 => "riscv64gc",
            other => other.name(),
        };
        format!("{architecture}-unknown-linux-gnu")
    }
}

/// A golden file, read.
#[derive(Debug)]
pub(crate) struct Golden {
    /// Everything before what is expected.
    module: String,
    /// What is expected, with the empty line before it.
    pub(crate) expected: String,
    /// What each `;;!` line asks: a name and its value.
    directives: Vec<(String, String)>,
}

impl Golden {
    pub(crate) fn read(file: &Path) -> Self {
        let text = std::fs::read_to_string(file).expect("a golden file");
        Self::parse(&text).unwrap_or_else(|why| panic!("{}: {why}", file.display()))
    }

    fn parse(text: &str) -> Result<Self, String> {
        let at = text.find("\n;;=").unwrap_or(text.len());
        let (module, expected) = text.split_at(at);
        let mut directives = Vec::new();
        for line in module.lines().filter_map(|line| line.strip_prefix(";;!")) {
            let (name, value) = line.split_once(':').ok_or(format!("no colon in `{line}`"))?;
            directives.push((name.trim().to_owned(), value.trim().to_owned()));
        }
        let golden = Self {
            module: format!("{}\n", module.trim_end()),
            expected: expected.to_owned(),
            directives,
        };
        golden.check()?;
        Ok(golden)
    }

    /// Whether every directive is one, and names targets that exist.
    fn check(&self) -> Result<(), String> {
        let target = |name: &str| GoldenTarget::ALL.iter().any(|target| target.name() == name);
        for (name, value) in &self.directives {
            let known = match name.split_whitespace().collect::<Vec<_>>()[..] {
                ["options" | "functions"] => true,
                ["show"] => value == "ir",
                ["options", name] => target(name),
                ["targets"] => value.split_whitespace().all(target),
                _ => false,
            };
            if !known {
                return Err(format!("unknown directive `{name}: {value}`"));
            }
        }
        Ok(())
    }

    /// The words of all directives of a name.
    fn words<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let named = self.directives.iter().filter(move |(n, _)| n == name);
        named.flat_map(|(_, value)| value.split_whitespace())
    }

    pub(crate) fn targets(&self) -> Vec<GoldenTarget> {
        let asked: Vec<&str> = self.words("targets").collect();
        let wanted = |target: &GoldenTarget| asked.is_empty() || asked.contains(&target.name());
        GoldenTarget::ALL.into_iter().filter(wanted).collect()
    }

    pub(crate) fn options(&self, target: GoldenTarget) -> Vec<&str> {
        let own = self.directives.iter().filter(move |(name, _)| {
            name.strip_prefix("options ").is_some_and(|name| name.trim() == target.name())
        });
        let own = own.flat_map(|(_, value)| value.split_whitespace());
        self.words("options").chain(own).collect()
    }

    /// Whether IR is shown beside machine code.
    pub(crate) fn shows_ir(&self) -> bool {
        self.words("show").next().is_some()
    }

    /// Whether a function is shown. Stubs are when they are named.
    pub(crate) fn shows(&self, function: &str) -> bool {
        let named = |name: &str| function == name;
        match self.words("functions").next() {
            None => !function.starts_with("precast_"),
            Some(_) => self.words("functions").any(named),
        }
    }

    pub(crate) fn write(&self, file: &Path, expected: &str) {
        std::fs::write(file, format!("{}{expected}", self.module)).expect("a writable file");
    }

    /// Where what is found first differs, with the lines around it.
    pub(crate) fn difference(&self, file: &Path, found: &str) -> String {
        let name = file.strip_prefix(root()).unwrap_or(file).display();
        let (expected, found): (Vec<&str>, Vec<&str>) =
            (self.expected.lines().collect(), found.lines().collect());
        let same = expected.iter().zip(&found).take_while(|(a, b)| a == b).count();
        let part = expected[..same].iter().rev().find(|line| line.starts_with(";;="));
        let shown = |lines: &[&str], sign: &str| -> String {
            let lines = lines[same..].iter().take(5);
            lines.map(|line| format!("\n  {sign} {line}")).collect()
        };
        let line = self.module.lines().count() + same + 1;
        let around: String =
            expected[same.saturating_sub(3)..same].iter().map(|l| format!("\n    {l}")).collect();
        format!(
            "{name}:{line}: other code{}:{around}{}{}",
            part.map(|part| format!(" for {}", &part[4..])).unwrap_or_default(),
            shown(&expected, "-"),
            shown(&found, "+"),
        )
    }
}

#[test]
fn files_are_read() {
    let text = ";; Text.\n;;! options: -O0\n;;! options riscv64: --cpu-feature +v\n\
                ;;! targets: riscv64 x86_64\n(module)\n\n;;= x86_64\n;; f:\n";
    let golden = Golden::parse(text).expect("a golden file");
    assert_eq!(golden.targets(), [GoldenTarget::X86_64, GoldenTarget::Riscv64]);
    assert_eq!(golden.options(GoldenTarget::X86_64), ["-O0"]);
    assert_eq!(golden.options(GoldenTarget::Riscv64), ["-O0", "--cpu-feature", "+v"]);
    assert!(golden.shows("f") && !golden.shows("precast_entry_stub[0]"));
    assert!(golden.module.ends_with("(module)\n") && golden.expected == "\n;;= x86_64\n;; f:\n");
    let difference = golden.difference(Path::new("a.wat"), "\n;;= x86_64\n;; g:\n");
    let shown = "a.wat:8: other code for x86_64:\n    \n    ;;= x86_64\n  - ;; f:\n  + ;; g:";
    assert_eq!(difference, shown);
    assert!(!golden.shows_ir() && Golden::parse(";;! show: ir").is_ok_and(|g| g.shows_ir()));
    assert!(Golden::parse(";;! show: clif\n").is_err());
    assert!(Golden::parse(";;! target: x86_64\n").is_err());
    assert!(Golden::parse(";;! targets: x86\n").is_err());
}
