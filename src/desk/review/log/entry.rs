//! What people did, entry by entry.
//!
//! In: a [`Deed`], or a row of the log. Out: an [`Entry`] and its hash. Refuses a row with a word that no entry has.

use crate::ground::dates::utc;
use crate::record::SheetMark;
use rusqlite::Row;
use serde::{Deserialize, Serialize};
use std::time::SystemTime;

/// What a person did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Typed a value.
    Typed,
    /// Said that the value shown is what is printed; of a whole sheet: that it counts.
    AsPrinted,
    /// Said that it cannot be read.
    Unreadable,
    /// Said that the sheet is not to be counted.
    Rejected,
    /// Took back the entry that `replaces` names.
    Undo,
    /// Set up a blind second entry or an audit; `field` says which, `after` how.
    Setting,
}

impl Action {
    const ALL: [(Self, &'static str); 6] = [
        (Self::Typed, "typed"),
        (Self::AsPrinted, "as_printed"),
        (Self::Unreadable, "unreadable"),
        (Self::Rejected, "rejected"),
        (Self::Undo, "undo"),
        (Self::Setting, "setting"),
    ];

    /// As it stands in the log.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|a| a.0 == self).map_or("", |a| a.1)
    }

    fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|a| a.1 == name).map(|a| a.0)
    }
}

/// What the person saw of the field's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sight {
    /// The value that stood there.
    Shown,
    /// Nothing but the photo.
    Hidden,
}

impl Sight {
    /// As it stands in the log.
    pub fn name(self) -> &'static str {
        match self {
            Self::Shown => "shown",
            Self::Hidden => "hidden",
        }
    }
}

/// What is to be appended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deed {
    /// When, ISO 8601, UTC.
    pub at: String,
    /// The name that the reviewer gave.
    pub who: String,
    /// The sheet's key ([`crate::record::sheet_key`]); empty for a setting.
    pub sheet: String,
    /// The sheet's code as the program had read it; `None` for none, and in logs of version 1.
    pub sheet_code: Option<String>,
    /// Where the sheet lay ([`SheetMark::outline`]); `None` for nowhere, and in logs of version 1.
    pub outline: Option<String>,
    /// Field id, `@sheet` or `@code`; what is set for a setting.
    pub field: String,
    /// What was done.
    pub action: Action,
    /// The value before; `None` for none.
    pub before: Option<String>,
    /// The value now; `None` for unreadable.
    pub after: Option<String>,
    /// In the reviewer's words; may be empty.
    pub reason: String,
    /// Ids of the entries that this one replaces, knowing them; for an undo: what it takes back.
    pub replaces: Vec<String>,
    /// What the person saw.
    pub sight: Sight,
    /// The entry's id in the log that it was first written to; `None` for this one.
    pub origin: Option<String>,
}

impl Deed {
    /// Something done now to a field of a sheet with its value shown.
    pub fn now(who: &str, sheet: &SheetMark, field: &str, action: Action) -> Self {
        Self {
            at: utc(SystemTime::now()),
            who: who.to_owned(),
            sheet: sheet.key.clone(),
            sheet_code: sheet.code.clone(),
            outline: sheet.outline.clone(),
            field: field.to_owned(),
            action,
            before: None,
            after: None,
            reason: String::new(),
            replaces: Vec::new(),
            sight: Sight::Shown,
            origin: None,
        }
    }

    /// The sheet that it is about.
    pub fn mark(&self) -> SheetMark {
        SheetMark { key: self.sheet.clone(), code: self.sheet_code.clone(), outline: self.outline.clone() }
    }
}

/// One entry of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its number, from 1.
    pub n: u64,
    /// What was done.
    #[serde(flatten)]
    pub deed: Deed,
    /// Hash of the entry before it.
    pub previous: String,
    /// Its own hash.
    pub hash: String,
}

impl Entry {
    /// What other entries name it by: its hash in the log that it was first written to.
    pub fn id(&self) -> &str {
        self.deed.origin.as_deref().unwrap_or(&self.hash)
    }

    /// SHA-256 over the hash before it and all that it says, as a JSON array: no two entries give the
    /// same bytes. What version 1 did not say is left out where it says nothing, so that its logs hold.
    pub(super) fn digest(n: u64, deed: &Deed, previous: &str) -> String {
        let mut all = serde_json::json!([
            previous,
            n,
            deed.at,
            deed.who,
            deed.sheet,
            deed.field,
            deed.action.name(),
            deed.before,
            deed.after,
            deed.reason,
            deed.replaces,
            deed.sight.name(),
            deed.origin,
        ]);
        if deed.sheet_code.is_some() || deed.outline.is_some() {
            let more = [&deed.sheet_code, &deed.outline].map(|t| serde_json::json!(t));
            all.as_array_mut().into_iter().for_each(|all| all.extend(more.clone()));
        }
        crate::ground::hash::sha256(all.to_string().as_bytes())
    }

    pub(super) fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        let action: String = row.get(5)?;
        let replaces: String = row.get(9)?;
        let sight: String = row.get(10)?;
        let bad = |ix, text: &str| {
            let problem = format!("unknown word {text:?}").into();
            rusqlite::Error::FromSqlConversionFailure(ix, rusqlite::types::Type::Text, problem)
        };
        Ok(Self {
            n: row.get::<_, i64>(0)?.unsigned_abs(),
            deed: Deed {
                at: row.get(1)?,
                who: row.get(2)?,
                sheet: row.get(3)?,
                field: row.get(4)?,
                action: Action::parse(&action).ok_or_else(|| bad(5, &action))?,
                before: row.get(6)?,
                after: row.get(7)?,
                reason: row.get(8)?,
                replaces: replaces.split_whitespace().map(str::to_owned).collect(),
                sight: match sight.as_str() {
                    "shown" => Sight::Shown,
                    "hidden" => Sight::Hidden,
                    other => return Err(bad(10, other)),
                },
                origin: row.get(11)?,
                sheet_code: row.get(14)?,
                outline: row.get(15)?,
            },
            previous: row.get(12)?,
            hash: row.get(13)?,
        })
    }
}
