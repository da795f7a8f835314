//! A batch whose program fails on a page, and batches that are resumed.

use super::*;
use crate::form::builtin;
use crate::ground::finding::Code;
use crate::run::config::Config;
use crate::run::inputs;
use crate::run::output::{Overwrite, load};
use std::sync::Mutex;

fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("samples").join(name)
}

/// Puts down which pages come out, with how many records.
#[derive(Default)]
struct Seen(Mutex<Vec<String>>);

impl Progress for Seen {
    fn done(&self, records: &[Record]) {
        let names = records.iter().map(|r| r.source().path.clone());
        self.0.lock().unwrap().extend(names);
    }
}

/// A program that fails on every sheet: its form ties a field that is not there, which the loader refuses.
fn failing() -> Digitizer {
    let mut forms = builtin().unwrap();
    forms[0].relations[0].left = vec![usize::MAX];
    Digitizer::new(Config::new(forms)).unwrap()
}

pub(super) fn go(digitizer: &Digitizer, paths: &[PathBuf], dir: &Path, resume: Resume) -> Vec<Record> {
    let folder = Folder::create(dir, Overwrite::Replace).unwrap();
    run(digitizer, &inputs::collect(paths), &folder, (Jobs(2), resume, Keep::Records), &())
        .unwrap()
        .commit()
        .unwrap();
    load(dir).unwrap()
}

#[test]
fn a_page_on_which_the_program_fails_is_a_rejected_record_and_the_run_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let digitizer = failing();
    let paths = [sample("acta-0001.jpg"), sample("acta-0007.jpg")];
    let records = go(&digitizer, &paths, dir.path(), Resume::Fresh);
    let codes: Vec<_> = records.iter().map(|r| (r.status, r.findings[0].code)).collect();
    assert_eq!(codes, [(Status::Rejected, Code::InternalError), (Status::Rejected, Code::NoSheet)]);
    let finding = &records[0].findings[0];
    assert!(finding.message.contains("acta-0001.jpg") && finding.message.contains("index out of bounds"));
    assert!(!finding.hint.is_empty() && records[0].source().sha256.len() == 64);
    // Resumed, the page is not met again: what the journal says of it stands.
    let entry = |r: &Record| {
        serde_json::json!({ "path": r.source().path, "page": 0, "of": 1, "records": [r] }).to_string()
    };
    let marked = Record { confidence: 0.5, ..records[0].clone() };
    std::fs::write(dir.path().join(JOURNAL), format!("{}\n", entry(&marked))).unwrap();
    let again = go(&digitizer, &paths, dir.path(), Resume::Continue);
    assert_eq!(again, [marked, records[1].clone()]);
}

#[test]
fn a_panic_in_what_is_made_of_a_page_does_not_reach_the_other_pages() {
    let digitizer = Digitizer::new(Config::new(builtin().unwrap())).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let files: Vec<PathBuf> = (0..4).map(|i| dir.path().join(format!("{i}.jpg"))).collect();
    files.iter().for_each(|f| std::fs::write(f, b"no picture").unwrap());
    let pages = map::Pages { digitizer: &digitizer, files: &files, wanted: |_, _| true, progress: &() };
    let work = |digitized: Vec<Digitized>| {
        let record = digitized.into_iter().next().unwrap().record;
        let told = record.findings[0].code == Code::InternalError;
        assert!(told || !record.source().path.ends_with("2.jpg"), "injected");
        record
    };
    let mut codes = vec![None; 4];
    map::pages(&[0, 1, 2, 3], Jobs(2), &pages, work, |at, record| {
        codes[at.file] = Some(record.findings[0].code);
        Ok(())
    })
    .unwrap();
    let refused = Some(Code::NotAPicture);
    assert_eq!(codes, [refused, refused, Some(Code::InternalError), refused]);
}

/// A folder with these files, none of them a picture: fast.
pub(super) fn folder(names: &[&str]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    names.iter().for_each(|n| std::fs::write(dir.path().join(n), n.as_bytes()).unwrap());
    dir
}

#[test]
fn a_resumed_run_never_loses_a_record_of_the_run_that_it_resumes() {
    let digitizer = Digitizer::new(Config::new(builtin().unwrap())).unwrap();
    let (out, own, other) =
        (tempfile::tempdir().unwrap(), folder(&["1.jpg", "2.jpg", "3.jpg"]), folder(&["4.jpg"]));
    let (own_paths, other_paths) = ([own.path().to_owned()], [other.path().to_owned()]);
    let records = go(&digitizer, &own_paths, out.path(), Resume::Fresh);
    let refused = |paths: &[PathBuf]| {
        let folder = Folder::create(out.path(), Overwrite::Replace).unwrap();
        let error = run(
            &digitizer,
            &inputs::collect(paths),
            &folder,
            (Jobs(1), Resume::Continue, Keep::Records),
            &(),
        );
        assert_eq!(load(out.path()).unwrap(), records);
        error.err().unwrap()
    };
    assert!(matches!(refused(&other_paths), BatchError::Lost { files: 3, .. }));
    assert!(matches!(resumed(out.path(), &other_paths, None), Err(BatchError::OtherInputs { .. })));
    // Its own, said or not said.
    for given in [&own_paths[..], &[]] {
        let inputs = resumed(out.path(), given, None).unwrap();
        assert_eq!(inputs, inputs::collect(&own_paths));
        assert_eq!(go(&digitizer, &inputs.paths, out.path(), Resume::Continue), records);
    }
    // A file that has gone since is no reason to drop what is known of it.
    std::fs::remove_file(own.path().join("2.jpg")).unwrap();
    let BatchError::Lost { first, .. } = refused(&own_paths) else { panic!("refused for another reason") };
    assert!(first.ends_with("2.jpg"), "{first}");
    // A folder of an earlier program does not say what its run was given; its records say enough.
    let path = out.path().join(crate::run::output::RUN_JSON);
    let mut run: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    run.as_object_mut().unwrap().remove("inputs").unwrap();
    std::fs::write(&path, run.to_string()).unwrap();
    assert!(matches!(resumed(out.path(), &[], None), Err(BatchError::NoInputs { .. })));
    assert!(matches!(refused(&other_paths), BatchError::Lost { .. }));
}

#[test]
fn a_run_that_replaces_another_and_is_cut_off_goes_on_without_the_others_files() {
    let digitizer = Digitizer::new(Config::new(builtin().unwrap())).unwrap();
    let (out, old, new) = (tempfile::tempdir().unwrap(), folder(&["1.jpg"]), folder(&["2.jpg", "3.jpg"]));
    go(&digitizer, &[old.path().to_owned()], out.path(), Resume::Fresh);
    let paths = [new.path().to_owned()];
    let inputs = inputs::collect(&paths);
    // Cut off within its second line.
    drop(journal::open(out.path(), &inputs, Resume::Fresh, Keep::Records).unwrap());
    let mut text = std::fs::read_to_string(out.path().join(JOURNAL)).unwrap();
    text.push_str("{\"path\":\"");
    std::fs::write(out.path().join(JOURNAL), text).unwrap();
    assert_eq!(resumed(out.path(), &[], None).unwrap(), inputs);
    let seen = Seen::default();
    let into = Folder::create(out.path(), Overwrite::Replace).unwrap();
    let staged = run(&digitizer, &inputs, &into, (Jobs(1), Resume::Continue, Keep::Records), &seen).unwrap();
    let ran = staged.commit().unwrap();
    assert_eq!((load(out.path()).unwrap().len(), ran.inputs), (2, inputs.names()));
    assert_eq!(seen.0.into_inner().unwrap().len(), 2);
}

/// Ends the run before anything is done.
struct Stopped;

impl Progress for Stopped {
    fn stop(&self) -> bool {
        true
    }

    fn done(&self, _: &[Record]) {}
}

#[test]
fn files_that_are_added_to_a_run_and_cut_off_are_added_when_it_goes_on() {
    let digitizer = Digitizer::new(Config::new(builtin().unwrap())).unwrap();
    let (out, old, new) = (tempfile::tempdir().unwrap(), folder(&["1.jpg"]), folder(&["2.jpg", "3.jpg"]));
    let whole = tempfile::tempdir().unwrap();
    let paths = [old.path().to_owned(), new.path().to_owned()];
    let into = |dir: &Path| Folder::create(dir, Overwrite::Replace).unwrap();
    let go = |inputs: &Inputs, dir: &Path, resume: Resume, keep: Keep| {
        run(&digitizer, inputs, &into(dir), (Jobs(1), resume, keep), &()).unwrap().commit().unwrap()
    };
    let first = inputs::collect(&paths[..1]);
    go(&first, out.path(), Resume::Fresh, Keep::Evidence);
    let of_all = go(&inputs::collect(&paths), whole.path(), Resume::Fresh, Keep::Evidence);
    let added = added(out.path(), &paths[1..]).unwrap();
    assert_eq!(added, inputs::collect(&paths));
    let cut = run(&digitizer, &added, &into(out.path()), (Jobs(1), Resume::Add, Keep::Records), &Stopped);
    assert!(matches!(cut.err().unwrap(), BatchError::Stopped { done: 0, files: 2, .. }));
    assert!(adds(out.path()));
    // What is there stands, and other paths are not those of what was begun.
    assert_eq!(load(out.path()).unwrap().len(), 1);
    let other = folder(&["4.jpg"]);
    let other = super::added(out.path(), &[other.path().to_owned()]);
    assert!(matches!(other, Err(BatchError::OtherInputs { .. })));
    let resumed = resumed(out.path(), &[], None).unwrap();
    let ran = go(&resumed, out.path(), Resume::Add, Keep::Records);
    assert_eq!((ran.inputs, ran.files, ran.counts), (of_all.inputs, of_all.files, of_all.counts));
    assert_eq!(load(out.path()).unwrap(), load(whole.path()).unwrap());
    assert!(!out.path().join(JOURNAL).exists());
}
