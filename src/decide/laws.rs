//! What no probability can buy: values out of posteriors, and the findings that hold a sheet back.
//!
//! In: what was heard and inferred. Out: field decisions, checks and findings, in neutral words: what
//! is seen, with its numbers, not who did it. Refuses: a relation never overrules what two channels
//! print alike, and a correction that overrules a readable channel never passes without a person.

use super::channels::{Heard, QrTrust, Reliance, Told, clear_value, hear, told};
use super::codes::{HEADER_SURE, sheet_code_by};
use super::prints::says;
use super::relations::of_context;
use super::strings;
use super::totals::Posterior;
use super::weights::Weights;
use super::{Basis, Check, FieldDecision, GroupDecision, Policy, Registered, Status};
use crate::form::{Field, FieldIx, Form, Group, Relation, RelationOp, Role};
use crate::ground::dates;
use crate::ground::finding::{Code, Doubt, Filler, Finding, Severity, What};
use crate::read::code::QrOutcome;
use crate::read::evidence::Evidence;
use crate::read::glyphs::{Channel, FieldEvidence};

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
    findings.first().map_or(status, |f| status.max(f.severity.into()))
}

/// What findings let become of a group of numbers: one on a number holds the group of that number, any other each group,
/// but that the whole sheet is not sure enough, or lacks numbers or pages, or has one twice, holds none. `owns` says of a
/// number whether it is the group's; `None` of what is no number.
pub fn held_by(findings: &[Finding], owns: impl Fn(&str) -> Option<bool>) -> Status {
    let on = |f: &&Finding| match f.field.as_deref().and_then(&owns) {
        Some(own) => own,
        None => !matches!(
            f.code,
            Code::LowConfidence
                | Code::FieldsAbsent
                | Code::PagesMissing
                | Code::PageTwice
                | Code::PageUnread
        ),
    };
    findings.iter().filter(on).map(|f| f.severity.into()).max().unwrap_or(Status::Accepted)
}

/// What becomes of the numbers of one group, which are right together with probability `joint` at least; a broken
/// relation holds each group that it ties.
pub fn group(
    form: &Form,
    group: Group,
    joint: f64,
    (fields, checks, findings): (&[FieldDecision], &[Check], &[Finding]),
    policy: &Policy,
) -> GroupDecision {
    let own = |ix: FieldIx| form.group(ix) == Some(group);
    let members = || (0..fields.len()).filter(|&ix| own(ix));
    let one_by_one = 1.0 - members().map(|ix| 1.0 - fields[ix].confidence).sum::<f64>();
    let missing = members().any(|ix| fields[ix].value.is_none());
    let confidence = if missing { 0.0 } else { joint.max(one_by_one).clamp(0.0, 1.0) };
    let ties = |r: &Relation| r.left.iter().chain(&r.right).any(|&ix| own(ix)) && !of_context(form, r);
    let broken = form.relations.iter().zip(checks).any(|(r, c)| c.holds == Some(false) && ties(r));
    let unsure = missing || broken || 1.0 - confidence > policy.max_error;
    let held = held_by(findings, |id| form.field(id).map(own));
    GroupDecision { state: if unsure { held.max(Status::Review) } else { held }, confidence }
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
    let met = |registered: Registered| registered.voters().zip(printed).map(|(r, p)| r == p);
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
/// confidence. Of a form whose definition names neither a code nor the table's number nobody knows it.
pub fn about_identity(evidence: &Evidence, identity: &Identity, qr: QrTrust) -> Option<Finding> {
    let form = &evidence.form;
    if qr == QrTrust::Belongs && matches!(evidence.qr, QrOutcome::Read(_)) {
        return None;
    }
    let told = match (form.header_line("code"), form.header_line("table")) {
        (Some(_), _) => identity.printed_code.clone(),
        (None, Some(_)) => strings::told(evidence, "table"),
        (None, None) => None,
    };
    let (printed, probability) = match told {
        Some((_, p)) if p >= HEADER_SURE => return None,
        Some((code, p)) => (Some(code), Some(p)),
        None => (None, None),
    };
    Some(Finding::new(Severity::Review, What::CodeUnreadable { printed, probability }))
}

/// Gives the number of voters, where no print of it can be read, the registry's.
pub fn fill_from_registry(
    form: &Form,
    heard: &[Heard],
    registered: Registered,
    fields: &mut [FieldDecision],
) {
    let Some((ix, value)) = form.registered().zip(registered.voters()) else { return };
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
    match registered {
        Registered::NotAsked => None,
        Registered::Unknown => Some(Finding::new(Severity::Review, What::TableNotRegistered {})),
        Registered::Known { voters } => {
            let ix = form.registered()?;
            let (registered, printed) = (voters?, clear_value(heard[ix].digits.as_ref()?)?);
            let what = What::RegisteredDiffer { label: form.fields[ix].label.clone(), printed, registered };
            let severity = if form.is_context(ix) { Severity::Info } else { Severity::Review };
            let finding = Finding::new(severity, what).on(&form.fields[ix].id);
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
    let percent = (100.0 * reliance.doubtful).round() as u32;
    Some(Finding::new(Severity::Review, What::ManyDoubtful { percent }))
}

/// Below this many photo pixels a millimetre of print nothing is read: see [`about_resolution`].
pub const LEGIBLE: f64 = 3.2;

/// A print too small to be read. `height` is its digits', mm. Whole strips in messenger size (1,600 px) have
/// 1.8 px/mm.
pub fn about_resolution(px_per_mm: f64, height: f64) -> Option<Finding> {
    let tenth = |v: f64| (v * 10.0).round() / 10.0;
    let what = What::Illegible {
        height: tenth(px_per_mm * height),
        scale: tenth(px_per_mm),
        needed: tenth(LEGIBLE * height),
    };
    (px_per_mm < LEGIBLE).then(|| Finding::new(Severity::Reject, what))
}

/// Zero reports, other elections, nothing read at all.
pub fn about_the_sheet(evidence: &Evidence, fields: &[FieldDecision]) -> Vec<Finding> {
    let form: &Form = &evidence.form;
    let mut out = Vec::new();
    if fields.iter().all(|f| f.value.is_none()) {
        out.push(Finding::new(Severity::Reject, What::NothingRead {}));
        return out;
    }
    let nothing = |f: &FieldEvidence| f.digits.is_none() && f.words.is_none();
    if let QrOutcome::Read(payload) = &evidence.qr
        && evidence.fields.iter().all(nothing)
    {
        let code = payload.code.clone();
        out.push(Finding::new(Severity::Review, What::CodeAlone { code }));
    }
    if evidence.rows_mistaken >= ROWS_MISTAKEN {
        out.push(Finding::new(Severity::Review, What::RowsDoubtful { count: evidence.rows_mistaken }));
    }
    if evidence.streaks > 0 {
        out.push(Finding::new(Severity::Info, What::Streaks { count: evidence.streaks }));
    }
    for &ix in &evidence.glare {
        let label = form.fields[ix].label.clone();
        out.push(Finding::new(Severity::Info, What::Glare { label }).on(&form.fields[ix].id));
    }
    if form.votes().all(|ix| fields[ix].value == Some(0)) {
        out.push(Finding::new(Severity::Review, What::ZeroReport {}));
    }
    if let (Some(expected), Some((issued, p))) = (&form.issued, strings::issued(evidence))
        && let printed = dates::day(issued)
        && is_another(&printed, expected, p)
    {
        let expected = expected.clone();
        out.push(Finding::new(Severity::Review, What::AnotherElection { printed, expected }));
    }
    out.extend(about_texts(evidence));
    out
}

/// Lines within the frame that read otherwise than on every sheet of the form.
fn about_texts(evidence: &Evidence) -> impl Iterator<Item = Finding> {
    let constant = evidence.form.header.lines.iter().filter(|l| l.within());
    constant.filter_map(|line| {
        let (expected, (printed, p)) = (line.text.clone()?, strings::told(evidence, &line.id)?);
        // Specks beside a line read as signs.
        let plain = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
        let another = is_another(&plain(&printed), &plain(&expected), p);
        another.then(|| Finding::new(Severity::Review, What::AnotherText { printed, expected }))
    })
}

/// Whether a date or text as read, right with probability `p`, is another than the form's. One figure that
/// differs may be misread; two misread in one date that is a date are rarer than sheets of another day.
fn is_another(read: &str, expected: &str, p: f64) -> bool {
    let differing = strsim::levenshtein(read, expected);
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
            absent.push(field.label.clone());
            continue;
        }
        let implied = posterior.fields[ix].best().filter(|b| b.1 > 0.5).map(|b| b.0);
        let mut seen = about_field((&heard[ix], field), &fields[ix], implied, policy);
        // What the registry says too needs no sure print.
        if Some(ix) == form.registered()
            && let Some(value) = fields[ix].value.filter(|v| registered.voters() == Some(*v))
        {
            seen.retain(|s| s.1.code() != Code::CellUnreadable);
            if fields[ix].basis == Basis::Filled {
                let (Told { digits, words, qr, percent }, label) = (told(&heard[ix]), field.label.clone());
                let from = Filler::Registry;
                seen.push((
                    Severity::Info,
                    What::ValueFilled { label, digits, words, qr, percent, value, from },
                ));
            }
        }
        out.extend(seen.into_iter().map(|(severity, what)| Finding::new(severity, what).on(&field.id)));
    }
    if !absent.is_empty() {
        let (count, names) = (absent.len(), first(absent, ABSENT_NAMED));
        out.push(Finding::new(Severity::Review, What::FieldsAbsent { count, names }));
    }
    out
}

/// The first of these names, and a sign where there are more.
fn first(mut names: Vec<String>, most: usize) -> Vec<String> {
    if names.len() > most {
        names.truncate(most);
        names.push("…".to_owned());
    }
    names
}

/// What is to say about one field, of which the other numbers of the sheet give `implied`.
fn about_field(
    (heard, field): (&Heard, &Field),
    decided: &FieldDecision,
    implied: Option<u32>,
    policy: &Policy,
) -> Vec<(Severity, What)> {
    let Told { digits, words, qr, percent } = told(heard);
    let label = || field.label.clone();
    let unreadable =
        |how, value| What::CellUnreadable { label: label(), how, digits, words, qr, percent, value };
    let disagree = |together| What::ChannelsDisagree { label: label(), digits, words, qr, percent, together };
    let unread = if heard.readable().is_empty() { Doubt::Unread } else { Doubt::Unsure };
    if field.role == Role::Context {
        let open = || (Severity::Info, unreadable(unread, None));
        return decided.value.is_none().then(open).into_iter().collect();
    }
    let Some(value) = decided.value else {
        let contradictory = heard.contradictory(policy.surprise);
        let what = if contradictory { disagree(None) } else { unreadable(unread, None) };
        return vec![(Severity::Review, what)];
    };
    let mut out = Vec::new();
    let (silent, other): (Vec<_>, Vec<_>) = heard.astray(value).partition(|p| p.shows().is_none());
    let held = heard.disagrees(value, policy.surprise);
    let hardly = match silent.iter().map(|p| p.kind.channel).collect::<Vec<_>>()[..] {
        [Channel::Digits] => Doubt::Digits,
        [Channel::Words] => Doubt::Words,
        _ => Doubt::Both,
    };
    let misread = |how| What::Misreading { label: label(), how, digits, words, qr, percent, value };
    // What cannot be read may show another number, however sure the other print, the code or the sums are.
    if held && !silent.is_empty() {
        out.push((Severity::Review, unreadable(hardly, Some(value))));
    }
    match (decided.basis, implied.filter(|&v| v != value)) {
        (Basis::Read, Some(others)) => {
            out.push((
                Severity::Review,
                What::OutOfLine { label: label(), digits, words, qr, percent, others },
            ));
        }
        (Basis::Read, None) if held && (!other.is_empty() || silent.is_empty()) => {
            out.push((Severity::Review, disagree(Some(value))));
        }
        (Basis::Read, None) if !held && !other.is_empty() => {
            out.push((Severity::Info, misread(Doubt::Other)));
        }
        (Basis::Read, None) if !held && !silent.is_empty() => out.push((Severity::Info, misread(hardly))),
        (Basis::Read, None) => {}
        (Basis::Corrected, _) => {
            let severity = if held { Severity::Review } else { Severity::Info };
            out.push((severity, What::ValueCorrected { label: label(), digits, words, qr, percent, value }));
        }
        (Basis::Filled, _) => {
            let from = Filler::Sums;
            out.push((
                Severity::Info,
                What::ValueFilled { label: label(), digits, words, qr, percent, value, from },
            ));
        }
    }
    out
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
    let names = first(doubtful.into_iter().map(|d| d.1.to_owned()).collect(), 5);
    Some(Finding::new(Severity::Review, What::LowConfidence { wrong, allowed: policy.max_error, names }))
}
