//! Finds out what the compiler can do, and where libpython lies for the test binaries.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    // AVX-512 intrinsics, and intrinsics that are safe inside `#[target_feature]`
    // functions, are stable from Rust 1.89; older compilers get the portable kernels.
    let target = |name: &str| std::env::var(format!("CARGO_CFG_TARGET_{name}")).unwrap_or_default();
    if target("ARCH") == "x86_64" && rustc_minor().is_some_and(|minor| minor >= 89) {
        println!("cargo:rustc-cfg=x86_simd");
    }
    if target("ARCH") == "aarch64" && target("ENDIAN") == "little" {
        println!("cargo:rustc-cfg=neon");
    }
    #[cfg(feature = "python")]
    {
        pyo3_build_config::use_pyo3_cfgs();
        pyo3_build_config::add_libpython_rpath_link_args();
    }
}

fn rustc_minor() -> Option<u32> {
    let rustc = std::env::var_os("RUSTC")?;
    let output = std::process::Command::new(rustc).arg("--version").output().ok()?;
    let version = String::from_utf8(output.stdout).ok()?;
    version.split('.').nth(1)?.parse().ok()
}
