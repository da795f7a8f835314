//! What no probability can buy: values out of posteriors, and the findings that hold a sheet back.
//!
//! In: what was heard and inferred. Out: field decisions, checks and findings, in neutral words: what
//! is seen, with its numbers, not who did it. Refuses: a relation never overrules what two channels
//! print alike, and a correction that overrules a readable channel never passes without a person.

use super::channels::{Heard, QrTrust, Reliance, channels_text, clear_value, hear};
use super::codes::{HEADER_SURE, sheet_code_by};
use super::prints::{Print, says};
use super::strings;
use super::totals::Posterior;
use super::weights::Weights;
use super::{Basis, FieldDecision, Policy, Registered, Status};
use crate::form::{FieldIx, Form, Relation, RelationOp, Role};
use crate::ground::dates;
use crate::ground::finding::{Code, Finding, Severity};
use crate::read::code::QrOutcome;
use crate::read::evidence::Evidence;
use crate::read::glyphs::FieldEvidence;

/// From this many rows in a run, each more like its neighbour than like itself, the rows may be taken
/// for each other. Single rows are, by chance (MR and BR); a strip that is registered a row off shows
/// it along whole groups.
const ROWS_MISTAKEN: usize = 3;

/// Without a QR code, a sheet of which more than this share of the cells is doubtful is not accepted:
/// how sure its readers are is then itself a guess. `Noise::HARD` (35 % doubtful, readers surer than
/// they should be) had 3 of 2,622 accepted sheets wrong at 1e-4 without this law, 1 of 1,384 at 0.2,
/// 0 of 245 at 0.15 (20,000 made-up sheets, November 2026).
const TOO_DOUBTFUL: f64 = 0.15;

/// From here on a date was read at all: general readers are right on most such lines.
const DATE_READ: f64 = 0.3;

/// How often a code that was misread meets another table of the registry with the same number of
/// registered voters. A published table of 24,532 tables: 0.05 % of all codes that differ in one figure,
/// 0.35 % of those that differ in the last one of the table; misreadings prefer some figures.
const MET_BY_CHANCE: f64 = 1e-2;

/// A registry is another document about the same table: how often its number is not the sheet's.
const REGISTRY_FLOOR: f64 = 2e-2;

/// Alternatives below this posterior are not worth a reviewer's look.
const WORTH_A_LOOK: f64 = 1e-6;

/// Orders the findings by weight; the status, or the worse one that they ask for.
pub fn hold_back(status: Status, findings: &mut [Finding]) -> Status {
    findings.sort_by_key(|f| std::cmp::Reverse(f.severity));
    let allowed = match findings.first().map(|f| f.severity) {
        Some(Severity::Reject) => Status::Rejected,
        Some(Severity::Review) => Status::Review,
        Some(Severity::Info) | None => Status::Accepted,
    };
    status.max(allowed)
}

/// The value of a field.
pub fn value(heard: &Heard, posterior: &Weights) -> FieldDecision {
    let channels = says(&heard.likelihood);
    let relations = says(posterior);
    // What two channels print alike stands as printed, whatever the relations say.
    let value = heard.agreed().or(relations);
    let basis = match (value, channels) {
        (Some(_), None) => Basis::Filled,
        (Some(v), Some(c)) if v != c => Basis::Corrected,
        _ => Basis::Read,
    };
    // What was read stays beside what was decided, however improbable it became.
    let read: Vec<u32> = heard.readable().iter().map(|r| r.1).collect();
    let mut alternatives: Vec<(u32, f64)> = posterior
        .atoms()
        .iter()
        .map(|a| (a.0, posterior.weight(a.0)))
        .filter(|a| Some(a.0) != value && (a.1 >= WORTH_A_LOOK || read.contains(&a.0)))
        .collect();
    alternatives.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    alternatives.truncate(4);
    FieldDecision {
        value,
        confidence: value.map_or(0.0, |v| posterior.weight(v).min(1.0)),
        basis,
        alternatives,
    }
}

/// Takes back values that relations gave but that cannot be: a part larger than its whole (a sum that
/// wrapped below zero), and a doubtful bound below what it bounds.
pub fn drop_impossible(form: &Form, fields: &mut [FieldDecision]) {
    for relation in &form.relations {
        let whole: u64 = sides(relation, fields).map_or(u64::MAX, |s| s.0.max(s.1));
        for &ix in relation.left.iter().chain(&relation.right) {
            let field = &mut fields[ix];
            let derived = field.basis != Basis::Read;
            if derived
                && field.value.is_some_and(|v| relation.op == RelationOp::Equals && u64::from(v) > whole)
            {
                clear(field);
            }
        }
        if relation.op == RelationOp::AtMost && sides(relation, fields).is_some_and(|(l, r)| l > r) {
            for &ix in &relation.right {
                if fields[ix].confidence < HEADER_SURE {
                    clear(&mut fields[ix]);
                }
            }
        }
    }
}

fn clear(field: &mut FieldDecision) {
    field.alternatives.extend(field.value.map(|v| (v, field.confidence)));
    field.alternatives.truncate(4);
    field.value = None;
    field.confidence = 0.0;
}

/// Both sides of a relation, if every value is there.
fn sides(relation: &Relation, fields: &[FieldDecision]) -> Option<(u64, u64)> {
    let add = |side: &[FieldIx]| side.iter().map(|&ix| fields[ix].value.map(u64::from)).sum::<Option<u64>>();
    Some((add(&relation.left)?, add(&relation.right)?))
}

/// Which table a sheet is of, as far as its code and a registry say.
#[derive(Debug, Clone, PartialEq)]
pub struct Identity {
    /// The code printed above, with the probability that it is right, all evidence together.
    pub printed_code: Option<(String, f64)>,
    /// What the registry says of the table.
    pub registered: Registered,
}

/// Asks a registry about the sheet's table. That it has, of the table with the code printed above, the number of
/// registered voters that the sheet prints under it makes the code surer; that it has another one makes it less
/// sure: the code may be misread. Of a code that stays in doubt the registry has no say. Nothing measured changes.
pub fn identity(
    evidence: &Evidence,
    (qr, reliance): (QrTrust, Reliance),
    ask: impl Fn(&str) -> Registered,
) -> Identity {
    let printed_code = strings::code(evidence);
    let printed = evidence.form.registered().and_then(|ix| {
        let heard = hear(evidence, ix, QrTrust::Foreign, reliance);
        clear_value(heard.digits.as_ref()?)
    });
    let met = |registered: Registered| registered.electores().zip(printed).map(|(r, p)| r == p);
    let sure = sheet_code_by(evidence, qr);
    let Some((code, p)) = &printed_code else {
        let registered = sure.map_or(Registered::NotAsked, |code| ask(&code));
        return Identity { printed_code, registered };
    };
    // A QR code that belongs to the sheet says which table it is of.
    if let Some(sure) = sure.as_ref().filter(|sure| *sure != code || *p < HEADER_SURE) {
        return Identity { printed_code, registered: ask(sure) };
    }
    let registered = ask(code);
    let (right, wrong) = match met(registered) {
        Some(true) => (1.0 - REGISTRY_FLOOR, MET_BY_CHANCE),
        Some(false) => (REGISTRY_FLOOR, 1.0 - MET_BY_CHANCE),
        None => (1.0, 1.0),
    };
    let p = p * right / (p * right + (1.0 - p) * wrong);
    let heard_of = sure.is_some() || met(registered) == Some(true);
    let registered = if heard_of { registered } else { Registered::NotAsked };
    Identity { printed_code: Some((code.clone(), p)), registered }
}

/// Whether it is known which table the sheet is of: by the QR code, or by the header read with
/// confidence. A form without a code line needs none.
pub fn about_identity(evidence: &Evidence, identity: &Identity, qr: QrTrust) -> Option<Finding> {
    evidence.form.header_line("code")?;
    if qr == QrTrust::Belongs && matches!(evidence.qr, QrOutcome::Read(_)) {
        return None;
    }
    let message = match &identity.printed_code {
        Some((_, p)) if *p >= HEADER_SURE => return None,
        Some((code, p)) => format!("the sheet's code was read as {code} with probability {p:.3}"),
        None => "the sheet's code could not be read".to_owned(),
    };
    let hint = "read centre and table in the first lines of the sheet";
    Some(Finding::new(Code::CodeUnreadable, Severity::Review, message, hint))
}

/// Gives the number of voters, where no print of it can be read, the registry's.
pub fn fill_from_registry(
    form: &Form,
    heard: &[Heard],
    registered: Registered,
    fields: &mut [FieldDecision],
) {
    let Some((ix, value)) = form.registered().zip(registered.electores()) else { return };
    if fields[ix].value.is_none() && heard[ix].readable().iter().all(|r| r.1 == value) {
        fields[ix].value = Some(value);
        fields[ix].confidence = 1.0 - REGISTRY_FLOOR;
        fields[ix].basis = Basis::Filled;
        fields[ix].alternatives.retain(|a| a.0 != value);
    }
}

/// Takes back the value of a number of context that is not sure: nothing else on the sheet holds it, so that it is
/// handed over sure or not at all. What was read stays among the alternatives.
pub fn leave_open(form: &Form, fields: &mut [FieldDecision]) {
    for (spec, field) in form.fields.iter().zip(fields) {
        let open = spec.role == Role::Context && field.basis == Basis::Read && field.confidence < HEADER_SURE;
        if let Some(value) = field.value.take_if(|_| open) {
            field.alternatives.insert(0, (value, field.confidence));
            field.confidence = 0.0;
        }
    }
}

/// What the registry says of the sheet's table: that there is none such, or that it has other
/// registered voters than the sheet prints, read with confidence.
pub fn about_registration(form: &Form, registered: Registered, heard: &[Heard]) -> Option<Finding> {
    let hint = "compare the code in the first lines of the sheet, and the registry's date";
    match registered {
        Registered::NotAsked => None,
        Registered::Unknown => {
            let message = "the registry holds no table with the sheet's code";
            Some(Finding::new(Code::TableNotRegistered, Severity::Review, message, hint))
        }
        Registered::Known { electores } => {
            let ix = form.registered()?;
            let (registered, printed) = (electores?, clear_value(heard[ix].digits.as_ref()?)?);
            let message =
                format!("{}: {printed} on the sheet, {registered} in the registry", form.fields[ix].label);
            let severity = if form.is_context(ix) { Severity::Info } else { Severity::Review };
            let finding =
                Finding::new(Code::ElectoresDiffer, severity, message, hint).on(&form.fields[ix].id);
            (printed != registered).then_some(finding)
        }
    }
}

/// A sheet that its readers mostly guess, with no QR code to hold the guesses against.
pub fn about_doubt(trust: QrTrust, evidence: &Evidence, reliance: Reliance) -> Option<Finding> {
    let qr = matches!(evidence.qr, QrOutcome::Read(_)) && trust == QrTrust::Belongs;
    if qr || reliance.doubtful <= TOO_DOUBTFUL {
        return None;
    }
    let message = format!(
        "{:.0} % of the cells are read with doubt, and no QR code confirms them",
        100.0 * reliance.doubtful
    );
    let hint = "take the picture nearer, straighter or in better light; or check the numbers with the photo";
    Some(Finding::new(Code::ManyDoubtful, Severity::Review, message, hint))
}

/// Below this many photo pixels a millimetre of print nothing is read: see [`about_resolution`].
pub const LEGIBLE: f64 = 3.2;

/// A print too small to be read. `height` is its digits', mm. Whole strips in messenger size (1,600 px) have
/// 1.8 px/mm.
pub fn about_resolution(px_per_mm: f64, height: f64) -> Option<Finding> {
    let message = format!(
        "the printed digits are {:.1} pixels high ({px_per_mm:.1} pixels a millimetre); {:.1} are needed",
        px_per_mm * height,
        LEGIBLE * height
    );
    let hint = "photograph it nearer, or in overlapping pieces from top to bottom; send the picture as a file, \
                messengers shrink photos";
    (px_per_mm < LEGIBLE).then(|| Finding::new(Code::Illegible, Severity::Reject, message, hint))
}

/// Zero reports, other elections, nothing read at all.
pub fn about_the_sheet(evidence: &Evidence, fields: &[FieldDecision]) -> Vec<Finding> {
    let form: &Form = &evidence.form;
    let mut out = Vec::new();
    if fields.iter().all(|f| f.value.is_none()) {
        let hint = "take the picture nearer, straighter or in pieces";
        out.push(Finding::new(
            Code::NothingRead,
            Severity::Reject,
            "no number of the sheet could be read",
            hint,
        ));
        return out;
    }
    let nothing = |f: &FieldEvidence| f.digits.is_none() && f.words.is_none();
    if let QrOutcome::Read(payload) = &evidence.qr
        && evidence.fields.iter().all(nothing)
    {
        let code = &payload.code;
        let message = format!("only the QR code of sheet {code} was found, none of its printed table");
        let hint = "add photos of the rest of the sheet, or photograph it nearer, straight and evenly lit";
        out.push(Finding::new(Code::CodeAlone, Severity::Review, message, hint));
    }
    if evidence.rows_mistaken >= ROWS_MISTAKEN {
        let message = format!(
            "the names of {} rows in a run look like their neighbours': numbers may be a row off",
            evidence.rows_mistaken
        );
        let hint = "compare the rows' names with the photo, or take the picture straighter";
        out.push(Finding::new(Code::RowsDoubtful, Severity::Review, message, hint));
    }
    if evidence.streaks > 0 {
        let message =
            format!("{} streaks run along the whole picture; it was read without them", evidence.streaks);
        let hint = "clean the scanner's glass; scan again where a number under a streak is in doubt";
        out.push(Finding::new(Code::Streaks, Severity::Info, message, hint));
    }
    for &ix in &evidence.glare {
        let message = format!("{}: light hides part of the number", form.fields[ix].label);
        let hint = "take the picture without flash, or from another side of the lamp";
        out.push(Finding::new(Code::Glare, Severity::Info, message, hint).on(&form.fields[ix].id));
    }
    if form.votes().all(|ix| fields[ix].value == Some(0)) {
        let message = "every vote row is 0: a report printed before voting, or a table without votes";
        let hint = "its zeros count as votes only if voting took place at this table";
        out.push(Finding::new(Code::ZeroReport, Severity::Review, message, hint));
    }
    if let (Some(expected), Some((issued, p))) = (&form.issued, strings::issued(evidence))
        && let Some(read) = dates::printed_day(&issued)
        && of_another_day(&read, expected, p)
    {
        let message = format!("the sheet is dated {read}; sheets of this form are of {expected}");
        let hint = "check which election the sheet belongs to";
        out.push(Finding::new(Code::AnotherElection, Severity::Review, message, hint));
    }
    out
}

/// Whether a date as read, right with probability `p`, is another than the form's. One figure that
/// differs may be misread; two misread in one date that is a date are rarer than sheets of another day.
fn of_another_day(read: &str, expected: &str, p: f64) -> bool {
    let differing = read.bytes().zip(expected.bytes()).filter(|(a, b)| a != b).count();
    read != expected && (p >= HEADER_SURE || (differing >= 2 && p >= DATE_READ))
}

/// So many numbers that are not on the photo are named: all totals.
const ABSENT_NAMED: usize = 12;

/// What is to say about single fields.
pub fn about_fields(
    evidence: &Evidence,
    registered: Registered,
    heard: &[Heard],
    posterior: &Posterior,
    fields: &[FieldDecision],
    policy: &Policy,
) -> Vec<Finding> {
    let form: &Form = &evidence.form;
    let mut out = Vec::new();
    let mut absent = Vec::new();
    for (ix, field) in form.fields.iter().enumerate() {
        // Whatever a QR code or the sums say of it.
        if heard[ix].prints.is_empty() && field.role != Role::Context {
            absent.push(field.label.as_str());
            continue;
        }
        let implied = posterior.fields[ix].best().filter(|b| b.1 > 0.5).map(|b| b.0);
        let mut seen = about_field((&heard[ix], field.role), &fields[ix], implied, policy);
        // What the registry says too needs no sure print.
        if Some(ix) == form.registered()
            && let Some(value) = fields[ix].value.filter(|v| registered.electores() == Some(*v))
        {
            seen.retain(|s| s.0 != Code::CellUnreadable);
            if fields[ix].basis == Basis::Filled {
                let said = format!("{}; {value} is what the registry has", channels_text(&heard[ix]));
                seen.push((Code::ValueFilled, Severity::Info, said, "compare the number with the photo"));
            }
        }
        out.extend(seen.into_iter().map(|(code, severity, said, hint)| {
            Finding::new(code, severity, format!("{}: {said}", field.label), hint).on(&field.id)
        }));
    }
    if !absent.is_empty() {
        let some = absent.iter().take(ABSENT_NAMED).copied().collect::<Vec<_>>().join(", ");
        let more = if absent.len() > ABSENT_NAMED { ", …" } else { "" };
        let message = format!("{} numbers are not on the photo: {some}{more}", absent.len());
        let hint = "add photos of the rest of the sheet";
        out.push(Finding::new(Code::FieldsAbsent, Severity::Review, message, hint));
    }
    out
}

/// Code, weight, what is seen, what to do.
type Seen = (Code, Severity, String, &'static str);

/// What is to say about one field, of which the other numbers of the sheet give `implied`.
fn about_field(
    (heard, role): (&Heard, Role),
    decided: &FieldDecision,
    implied: Option<u32>,
    policy: &Policy,
) -> Vec<Seen> {
    let text = channels_text(heard);
    let look = "read the number on the photo";
    if role == Role::Context {
        let open = || (Code::CellUnreadable, Severity::Info, not_certain(heard, text), look);
        return decided.value.is_none().then(open).into_iter().collect();
    }
    let Some(value) = decided.value else {
        let code =
            if heard.contradictory(policy.surprise) { Code::ChannelsDisagree } else { Code::CellUnreadable };
        return vec![(code, Severity::Review, not_certain(heard, text), look)];
    };
    let mut out = Vec::new();
    let (silent, other): (Vec<_>, Vec<_>) = heard.astray(value).partition(|p| p.shows().is_none());
    let held = heard.disagrees(value, policy.surprise);
    let names =
        |prints: &[&Print]| prints.iter().map(|p| p.kind.channel.name()).collect::<Vec<_>>().join(" and ");
    let fits = || format!("{text}; {value} is what fits the other numbers");
    let together = || format!("{text}; {value} is what the channels together give");
    let unread = || format!("{} hardly readable ({text}); {value} is what the rest gives", names(&silent));
    let compare = "compare the number with the photo";
    // What cannot be read may show another number, however sure the other print, the code or the sums are.
    if held && !silent.is_empty() {
        out.push((
            Code::CellUnreadable,
            Severity::Review,
            unread(),
            "look at what covers or spoils the number",
        ));
    }
    match (decided.basis, implied.filter(|&v| v != value)) {
        (Basis::Read, Some(implied)) => {
            let said = format!("{text}; the other numbers of the sheet give {implied}");
            let hint = "compare the number and the sums with the photo";
            out.push((Code::OutOfLine, Severity::Review, said, hint));
        }
        (Basis::Read, None) if held && (!other.is_empty() || silent.is_empty()) => {
            let hint = "compare digits, words and QR code on the photo; what is printed twice alike is not \
                        necessarily right";
            out.push((Code::ChannelsDisagree, Severity::Review, together(), hint));
        }
        (Basis::Read, None) if !held && !other.is_empty() => {
            let said = format!("{}; as readings of such print err now and then", together());
            out.push((Code::Misreading, Severity::Info, said, compare));
        }
        (Basis::Read, None) if !held && !silent.is_empty() => {
            out.push((Code::Misreading, Severity::Info, unread(), compare));
        }
        (Basis::Read, None) => {}
        (Basis::Corrected, _) => {
            let severity = if held { Severity::Review } else { Severity::Info };
            out.push((Code::ValueCorrected, severity, fits(), compare));
        }
        (Basis::Filled, _) => out.push((Code::ValueFilled, Severity::Info, fits(), compare)),
    }
    out
}

fn not_certain(heard: &Heard, text: String) -> String {
    if heard.readable().is_empty() { text } else { format!("not certain ({text})") }
}

/// Which fields keep a sheet from being certain enough.
pub fn about_confidence(
    form: &Form,
    fields: &[FieldDecision],
    confidence: f64,
    policy: &Policy,
) -> Option<Finding> {
    let wrong = 1.0 - confidence;
    if wrong <= policy.max_error {
        return None;
    }
    let mut doubtful: Vec<(f64, &str)> = form
        .fields
        .iter()
        .zip(fields)
        .filter(|(f, _)| f.role != Role::Context)
        .map(|(f, d)| (1.0 - d.confidence, f.label.as_str()))
        .filter(|d| d.0 > policy.max_error / fields.len() as f64)
        .collect();
    doubtful.sort_by(|a, b| b.0.total_cmp(&a.0));
    let names: Vec<&str> = doubtful.iter().take(5).map(|d| d.1).collect();
    let more = if doubtful.len() > 5 { ", …" } else { "" };
    let message = format!(
        "probability of a wrong number {wrong:.1e}, allowed {:.1e}; least certain: {}{more}",
        policy.max_error,
        names.join(", ")
    );
    Some(Finding::new(
        Code::LowConfidence,
        Severity::Review,
        message,
        "check the numbers named with the photo",
    ))
}
