//! A run whose disk fails at any step of its writing, or that ends there: going on gives the bytes of one that was left in
//! peace, and what stood before stands until the new state holds.

use super::tests::{folder, go};
use super::*;
use crate::form::builtin;
use crate::run::config::Config;
use crate::run::inputs;
use crate::run::output::disk::fault::{Fault, failing};
use crate::run::output::{Lock, Opened, Overwrite, RECORDS_CSV, RECORDS_JSONL, load};

/// A run by itself: with its lock, as the command makes it.
fn attempt(digitizer: &Digitizer, paths: &[PathBuf], dir: &Path, resume: Resume, keep: Keep) -> bool {
    let attempt = || -> Result<(), BatchError> {
        let folder = Folder::create(dir, Overwrite::Replace)?;
        let _lock = Lock::take(dir, "run")?;
        let inputs = inputs::collect(paths);
        run(digitizer, &inputs, &folder, (Jobs(1), resume, keep), &())?.commit()?;
        Ok(())
    };
    attempt().is_ok()
}

fn bytes(dir: &Path) -> Vec<Vec<u8>> {
    [RECORDS_JSONL, RECORDS_CSV, "evidence.jsonl"]
        .iter()
        .map(|name| std::fs::read(dir.join(name)).unwrap_or_default())
        .collect()
}

#[test]
fn a_run_that_fails_or_ends_at_any_step_of_its_writing_is_resumed_to_the_same_bytes() {
    let digitizer = Digitizer::new(Config::new(builtin().unwrap())).unwrap();
    let own = folder(&["1.jpg", "2.jpg", "3.jpg"]);
    // The same bytes under two paths, and a file of them alone.
    std::fs::write(own.path().join("4.jpg"), "1.jpg").unwrap();
    let paths = [own.path().to_owned()];
    let whole = tempfile::tempdir().unwrap();
    assert!(attempt(&digitizer, &paths, whole.path(), Resume::Fresh, Keep::Evidence));
    let wanted = bytes(whole.path());
    let mut steps = 0;
    for fault in [Fault::Once, Fault::Dead] {
        for at in 0.. {
            let dir = tempfile::tempdir().unwrap();
            let attempt = |resume| attempt(&digitizer, &paths, dir.path(), resume, Keep::Evidence);
            let (done, reached) = failing(at, fault, || attempt(Resume::Fresh));
            if reached <= at {
                assert!(done, "nothing failed");
                break;
            }
            steps += 1;
            // What holds is whole: a run's files, or none.
            if let Ok(opened) = Opened::of(dir.path(), &builtin().unwrap()) {
                assert!(opened.unedited().is_ok(), "{fault:?} at {at}");
            }
            assert!(attempt(Resume::Continue), "{fault:?} at {at}");
            assert_eq!(bytes(dir.path()), wanted, "{fault:?} at {at}");
            let left: Vec<_> = std::fs::read_dir(dir.path())
                .unwrap()
                .map(|e| e.unwrap().file_name().into_string().unwrap())
                .collect();
            assert!(left.iter().all(|n| n == ".lock" || !n.starts_with('.')), "{fault:?} at {at}: {left:?}");
            assert!(!left.contains(&JOURNAL.to_owned()), "{fault:?} at {at}");
        }
    }
    println!("{steps} steps");
    assert!(steps > 60, "{steps} steps are too few to be all");
}

#[test]
fn a_run_that_replaces_another_leaves_the_one_or_the_other_at_every_step() {
    let digitizer = Digitizer::new(Config::new(builtin().unwrap())).unwrap();
    let (old, new) = (folder(&["1.jpg"]), folder(&["2.jpg", "3.jpg"]));
    let (old, new) = ([old.path().to_owned()], [new.path().to_owned()]);
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let states = [
        go(&digitizer, &old, first.path(), Resume::Fresh),
        go(&digitizer, &new, second.path(), Resume::Fresh),
    ];
    let mut met = [0, 0];
    for at in 0.. {
        let dir = tempfile::tempdir().unwrap();
        assert!(attempt(&digitizer, &old, dir.path(), Resume::Fresh, Keep::Records));
        let (_, reached) =
            failing(at, Fault::Dead, || attempt(&digitizer, &new, dir.path(), Resume::Fresh, Keep::Records));
        if reached <= at {
            break;
        }
        // As a reader finds it, who repairs nothing.
        let opened = Opened::of(dir.path(), &builtin().unwrap()).unwrap().unedited().unwrap();
        let state = states.iter().position(|s| *s == load(dir.path()).unwrap());
        let state = state.unwrap_or_else(|| panic!("at {at}: neither the one nor the other"));
        assert_eq!(opened.about().records, states[state].len());
        met[state] += 1;
    }
    println!("{met:?} steps");
    assert!(met[0] > 20 && met[1] > 3, "{met:?}");
}

#[cfg(unix)]
#[test]
fn a_folder_that_goes_away_stops_the_run_at_the_next_page() {
    struct Away(PathBuf, std::sync::atomic::AtomicUsize);
    impl Progress for Away {
        fn done(&self, _: &[Record]) {
            if self.1.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 0 {
                std::fs::remove_dir_all(&self.0).unwrap();
            }
        }
    }
    let digitizer = Digitizer::new(Config::new(builtin().unwrap())).unwrap();
    let names: Vec<String> = (0..40).map(|i| format!("{i:02}.jpg")).collect();
    let own = folder(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    let into = Folder::create(&out, Overwrite::Refuse).unwrap();
    let away = Away(out.clone(), 0.into());
    let inputs = inputs::collect(&[own.path().to_owned()]);
    let error =
        run(&digitizer, &inputs, &into, (Jobs(1), Resume::Fresh, Keep::Records), &away).err().unwrap();
    assert!(error.to_string().contains("was removed or moved away"), "{error}");
    assert_eq!(away.1.into_inner(), 1, "no page more was taken");
}

#[test]
fn records_that_were_edited_are_not_believed_by_a_run_that_goes_on() {
    let digitizer = Digitizer::new(Config::new(builtin().unwrap())).unwrap();
    let own = folder(&["1.jpg", "2.jpg"]);
    let (dir, paths) = (tempfile::tempdir().unwrap(), [own.path().to_owned()]);
    let records = go(&digitizer, &paths, dir.path(), Resume::Fresh);
    let path = dir.path().join(RECORDS_JSONL);
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replacen("not_a_picture", "no_sheet", 1)).unwrap();
    assert_ne!(load(dir.path()).unwrap(), records);
    assert_eq!(go(&digitizer, &paths, dir.path(), Resume::Continue), records);
}
