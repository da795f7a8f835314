//! Links the C++ library that the QR decoder rests on into the module, so that it wants none of the system.
//!
//! In: the compiler's static library. Out: a folder in which the linker finds it under the name of the shared one.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let target = std::env::var("TARGET").unwrap_or_default();
    let host = std::env::var("HOST").unwrap_or_default();
    if target != host || !target.ends_with("linux-gnu") {
        return;
    }
    let asked = std::process::Command::new("c++").arg("-print-file-name=libstdc++.a").output();
    let found = asked.ok().and_then(|said| String::from_utf8(said.stdout).ok());
    let found = found.map(|path| std::path::PathBuf::from(path.trim())).filter(|path| path.is_absolute());
    let (Some(found), Ok(out)) = (found, std::env::var("OUT_DIR")) else { return };
    let link = std::path::Path::new(&out).join("libstdc++.so");
    let _ = std::fs::remove_file(&link);
    if std::fs::copy(&found, &link).is_ok() {
        println!("cargo::rustc-link-search=native={out}");
    }
}
