//! From the entries on one field to what stands.
//!
//! In: entries in the log's order. Out: a [`Verdict`]. An entry stands until it is taken back or an
//! entry that knew it replaces it; entries that did not know each other (blind ones, or of reviewers on
//! different machines) stand side by side. Where they say the same they agree; where they do not,
//! neither wins until a person who sees both decides. Decides nothing beyond that.

use super::log::{Action, Entry};
use std::collections::BTreeSet;

/// How many entries a field needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Need {
    /// One.
    One,
    /// Two that do not know each other and say the same; if they differ, a third.
    Two,
    /// One that says what the program decided, or else as [`Need::Two`]: a sample of accepted sheets.
    Check(Option<String>),
}

/// What stands of a field.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict<'a> {
    /// No one has said anything.
    Open,
    /// Entries that stand, but fewer than needed; the next one is the `n`th.
    Again {
        /// 2 or 3.
        n: usize,
    },
    /// This entry holds.
    Settled(&'a Entry),
    /// These say different values, and no further blind entry helps.
    Contradicted(Vec<&'a Entry>),
}

impl Verdict<'_> {
    /// Whether it still waits for a person.
    pub fn waits(&self) -> bool {
        !matches!(self, Self::Settled(_))
    }
}

/// The entries of one field that stand: neither taken back nor replaced.
pub fn heads<'a>(entries: &[&'a Entry]) -> Vec<&'a Entry> {
    let undone: BTreeSet<&str> = entries
        .iter()
        .filter(|e| e.deed.action == Action::Undo)
        .flat_map(|e| e.deed.replaces.iter().map(String::as_str))
        .collect();
    let alive: Vec<&Entry> = entries
        .iter()
        .copied()
        .filter(|e| e.deed.action != Action::Undo && !undone.contains(e.id()))
        .collect();
    let replaced: BTreeSet<&str> =
        alive.iter().flat_map(|e| e.deed.replaces.iter().map(String::as_str)).collect();
    alive.into_iter().filter(|e| !replaced.contains(e.id())).collect()
}

/// What stands of a field with these entries.
pub fn verdict<'a>(entries: &[&'a Entry], need: &Need) -> Verdict<'a> {
    let heads = heads(entries);
    let said = |e: &Entry| e.deed.after.clone();
    let Some(&last) = heads.last() else { return Verdict::Open };
    // A person who saw several entries and replaced them has resolved the matter.
    let resolved = heads.len() == 1 && last.deed.replaces.len() > 1;
    let alike = heads.iter().all(|e| said(e) == said(last));
    let enough = match need {
        Need::One => true,
        Need::Two => heads.len() > 1,
        Need::Check(decided) => heads.len() > 1 || said(last) == *decided,
    };
    if resolved || (alike && enough) {
        return Verdict::Settled(last);
    }
    if *need == Need::One {
        return Verdict::Contradicted(heads);
    }
    if heads.len() < 3 {
        return Verdict::Again { n: heads.len() + 1 };
    }
    let majority = heads.iter().rev().find(|e| {
        let alike = heads.iter().filter(|o| said(o) == said(e)).count();
        2 * alike > heads.len()
    });
    majority.map_or(Verdict::Contradicted(heads.clone()), |e| Verdict::Settled(e))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::review::log::{Deed, Log};

    /// Entries of one field from `(who, value, replaces by index)`; `undo` as value takes back.
    fn entries(deeds: &[(&str, &str, &[usize])]) -> Vec<Entry> {
        let dir = tempfile::tempdir().unwrap();
        let mut log = Log::open(dir.path()).unwrap();
        for (who, value, replaces) in deeds {
            let action = if *value == "undo" { Action::Undo } else { Action::Typed };
            let ids = replaces.iter().map(|&i| log.entries()[i].id().to_owned()).collect();
            let mark = crate::record::SheetMark { key: "s".to_owned(), ..Default::default() };
            let deed = Deed::now(who, &mark, "f", action);
            log.append(vec![Deed { after: Some((*value).to_owned()), replaces: ids, ..deed }]).unwrap();
        }
        log.entries().to_vec()
    }

    fn outcome(deeds: &[(&str, &str, &[usize])], need: &Need) -> String {
        let entries = entries(deeds);
        match verdict(&entries.iter().collect::<Vec<_>>(), need) {
            Verdict::Open => "open".to_owned(),
            Verdict::Again { n } => format!("again {n}"),
            Verdict::Settled(e) => format!("settled {}", e.deed.after.as_deref().unwrap()),
            Verdict::Contradicted(all) => format!("contradicted {}", all.len()),
        }
    }

    #[test]
    fn a_later_entry_that_knew_the_earlier_one_replaces_it_and_an_undo_brings_it_back() {
        assert_eq!(outcome(&[("a", "1", &[]), ("a", "2", &[0])], &Need::One), "settled 2");
        let undone: [(&str, &str, &[usize]); 3] = [("a", "1", &[]), ("a", "2", &[0]), ("a", "undo", &[1])];
        assert_eq!(outcome(&undone, &Need::One), "settled 1");
        assert_eq!(outcome(&[("a", "1", &[]), ("a", "undo", &[0])], &Need::One), "open");
    }

    #[test]
    fn entries_that_did_not_know_each_other_contradict_until_someone_resolves_them() {
        assert_eq!(outcome(&[("a", "1", &[]), ("b", "2", &[])], &Need::One), "contradicted 2");
        assert_eq!(outcome(&[("a", "1", &[]), ("b", "1", &[])], &Need::One), "settled 1");
        let resolved: [(&str, &str, &[usize]); 3] = [("a", "1", &[]), ("b", "2", &[]), ("c", "2", &[0, 1])];
        assert_eq!(outcome(&resolved, &Need::One), "settled 2");
        assert_eq!(outcome(&resolved, &Need::Two), "settled 2");
    }

    #[test]
    fn two_blind_entries_that_differ_go_to_a_third() {
        let mut deeds: Vec<(&str, &str, &[usize])> = vec![("a", "1", &[])];
        assert_eq!(outcome(&deeds, &Need::Two), "again 2");
        deeds.push(("b", "2", &[]));
        assert_eq!(outcome(&deeds, &Need::Two), "again 3");
        deeds.push(("c", "1", &[]));
        assert_eq!(outcome(&deeds, &Need::Two), "settled 1");
        deeds[2].1 = "3";
        assert_eq!(outcome(&deeds, &Need::Two), "contradicted 3");
    }

    #[test]
    fn a_sampled_number_needs_a_second_look_only_where_it_differs() {
        let decided = Need::Check(Some("7".to_owned()));
        assert_eq!(outcome(&[("a", "7", &[])], &decided), "settled 7");
        assert_eq!(outcome(&[("a", "1", &[])], &decided), "again 2");
        assert_eq!(outcome(&[("a", "1", &[]), ("b", "1", &[])], &decided), "settled 1");
        assert_eq!(outcome(&[("a", "1", &[]), ("b", "7", &[])], &decided), "again 3");
    }
}
