use super::native::{isa_has, isa_line};
use super::*;
use precast_artifact::cpu as contract;

fn names(architecture: &Architecture, cpu: &str, changes: &[&str]) -> Vec<&'static str> {
    let changes: Vec<String> = changes.iter().map(|&change| change.to_owned()).collect();
    let features = architecture.features(cpu, &changes).unwrap();
    features.iter().map(|feature| feature.name).collect()
}

#[test]
fn loaders_know_every_feature() {
    let riscv: Vec<_> = contract::RISCV64.iter().map(|feature| feature.name).collect();
    let known = [contract::X86_64, contract::AARCH64, &riscv];
    for (architecture, known) in ARCHITECTURES.iter().zip(known) {
        for feature in architecture.features {
            assert!(known.contains(&feature.name), "{}", feature.name);
            assert!(feature.needs.iter().all(|name| known.contains(name)));
        }
        for cpu in architecture.cpus {
            let found = names(architecture, cpu.name, &[]);
            assert_eq!(found.len(), cpu.features.concat().len(), "{}", cpu.name);
        }
    }
}

#[test]
fn features_bring_what_they_need_and_take_it_along() {
    assert_eq!(names(&RISCV64, "baseline", &["+zvbb"]), ["c", "v", "zvbb"]);
    assert_eq!(names(&RISCV64, "baseline", &["+zvbb", "-v"]), ["c"]);
    assert_eq!(names(&AARCH64, "neoverse-n1", &["-lse"]), ["asimddp", "asimdhp"]);
    let v3 = names(&X86_64, "x86-64-v4", &["-avx512f"]);
    assert_eq!(v3, names(&X86_64, "x86-64-v3", &[]));
}

#[test]
fn wrong_names_are_refused_with_the_right_ones() {
    let refused = |cpu: &str, change: &str| {
        let error = X86_64.features(cpu, &[change.to_owned()]).unwrap_err();
        error.to_string()
    };
    assert!(refused("8086", "+avx").contains("known are baseline, native, x86-64-v2"));
    assert!(refused("baseline", "+sve").contains("unknown CPU feature `sve` of x86_64"));
    assert!(refused("baseline", "avx").contains("neither + nor -"));
    assert!(refused("baseline", "-sse4.1").contains("needs the CPU feature sse4_1"));
    assert!(refused("hasswell", "+avx").contains("of x86_64, did you mean `haswell`?"));
    assert!(refused("baseline", "+avx512vnn").contains("did you mean `avx512vnni`?"));
    let error = RISCV64.features("native", &[]);
    assert_eq!(error.is_err(), !cfg!(target_arch = "riscv64"));
}

#[test]
fn isa_strings_of_the_kernel() {
    let isa = isa_line("isa\t\t: rv64imafdcv_zba_zbb").unwrap();
    assert!(isa_has(&isa, "v") && isa_has(&isa, "zbb"));
    assert!(!isa_has(&isa, "zbs") && !isa_has(&isa, "b"));
    assert_eq!(isa_line("mmu\t\t: sv39"), None);
}
