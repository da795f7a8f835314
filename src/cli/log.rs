//! What happens while a command runs, a line each on stderr.
//!
//! In: the library's spans and messages. Out: with `--log`, a line a message and a line a span that ended, with
//! what its outer spans know (file, page), and the milliseconds that it took, as text or as JSON; without,
//! warnings and errors only, as the command's own talk.

use super::console;
use crate::cli::args::LogArg;
use crate::ground::dates::utc;
use serde_json::{Map, Value};
use std::fmt::Debug;
use std::time::{Instant, SystemTime};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::{LookupSpan, SpanRef};
use tracing_subscriber::util::SubscriberInitExt;

/// Begins to listen; `None` is for warnings alone.
pub fn start(format: Option<LogArg>) {
    let level = if format.is_some() { Level::INFO } else { Level::WARN };
    // Of other crates nothing is said: what they have to say comes back as an error.
    let ours = Targets::new().with_target("cotejo", level);
    // Fails where a caller listens already: then it is the caller's log.
    let _ = tracing_subscriber::registry().with(Lines { format }.with_filter(ours)).try_init();
    if format.is_some() {
        std::panic::set_hook(Box::new(|panic| tracing::error!("{panic}")));
    }
}

/// Writes lines.
struct Lines {
    format: Option<LogArg>,
}

/// A span that has not ended.
struct Open {
    since: Instant,
    fields: Fields,
}

/// A value and its name.
type Named = (&'static str, Value);

/// Named values, in the order in which they came.
#[derive(Default)]
struct Fields(Vec<Named>);

impl Fields {
    fn put(&mut self, field: &Field, value: Value) {
        self.0.push((field.name(), value));
    }
}

impl Visit for Fields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value.into());
    }
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value.into());
    }
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value.into());
    }
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value.into());
    }
    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value.into());
    }
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.put(field, format!("{value:?}").into());
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Lines {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        span.extensions_mut().insert(Open { since: Instant::now(), fields });
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        if let Some(open) = span.extensions_mut().get_mut::<Open>() {
            values.record(&mut open.fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut own = Fields::default();
        event.record(&mut own);
        let (message, own) = own.0.into_iter().partition(|(name, _)| *name == "message");
        let outer = context.event_span(event).map(|s| known(s.scope().from_root())).unwrap_or_default();
        self.line(event.metadata(), message, [outer, own].concat());
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(span) = context.span(&id) else { return };
        let took = span.extensions().get::<Open>().map(|open| open.since.elapsed());
        let mut fields = known(span.scope().from_root());
        // A hundredth of a millisecond is less than what a stage varies by.
        let ms = took.map_or(0.0, |t| (t.as_secs_f64() * 1e5).round() / 100.0);
        fields.push(("ms", ms.into()));
        self.line(span.metadata(), vec![("span", span.name().into())], fields);
    }
}

impl Lines {
    fn line(&self, about: &Metadata<'_>, what: Vec<Named>, fields: Vec<Named>) {
        let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let what_text = || what.iter().map(|(_, value)| plain(value)).collect::<Vec<_>>().join(" ");
        let Some(format) = self.format else {
            return console::write(format_args!("cotejo: {}", what_text()));
        };
        let (time, level) = (utc(SystemTime::now()), about.level().as_str().to_lowercase());
        match format {
            LogArg::Text => {
                let fields: Vec<String> = fields.iter().map(|(n, v)| format!(" {n}={}", plain(v))).collect();
                console::write(format_args!("{time} {level:5} {}{}", what_text(), fields.concat()));
            }
            LogArg::Json => {
                let mut line = Map::new();
                line.insert("time".to_owned(), time.into());
                line.insert("level".to_owned(), level.into());
                line.extend(what.into_iter().chain(fields).map(|(name, value)| (name.to_owned(), value)));
                console::write(format_args!("{}", Value::Object(line)));
            }
        }
    }
}

/// What spans know, the outermost first.
fn known<'a, S: LookupSpan<'a> + 'a>(spans: impl Iterator<Item = SpanRef<'a, S>>) -> Vec<Named> {
    spans.flat_map(|s| s.extensions().get::<Open>().map(|o| o.fields.0.clone()).unwrap_or_default()).collect()
}
