//! Sound bytes for every target, to begin with: `fuzz/corpus/TARGET/seed-N`.

#[path = "../tests/targets/mod.rs"]
mod targets;

fn main() -> std::io::Result<()> {
    for (name, _) in targets::TARGETS {
        let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
        std::fs::create_dir_all(&dir)?;
        for (ix, seed) in targets::seeds(name).into_iter().enumerate() {
            std::fs::write(dir.join(format!("seed-{ix}")), seed)?;
        }
    }
    Ok(())
}
