//! Votes as horizontal bars, one picture (SVG) that needs nothing else.
//!
//! In: a place's line of a tally. Out: SVG with a title and a description for screen readers. A place
//! without a sheet has no bars, and says so.

use super::{Line, Tally};

/// What a bar chart shows.
#[derive(Debug, Clone, PartialEq)]
pub struct Bars {
    /// Above the bars.
    pub title: String,
    /// Under them: how much is in the figures.
    pub note: String,
    /// Label and votes, largest first; `None` where no sheet tells them.
    pub bars: Vec<(String, Option<u64>)>,
}

impl Bars {
    /// The votes of one place, largest first.
    pub fn of(tally: &Tally, line: &Line) -> Self {
        let mut bars: Vec<(String, Option<u64>)> = tally
            .items
            .iter()
            .zip(&line.figures)
            .filter(|(item, _)| item.kind != "total")
            .map(|(item, figure)| (item.name.clone(), figure.votes))
            .collect();
        bars.sort_by_key(|b| std::cmp::Reverse(b.1));
        let c = line.coverage;
        let missing = c.missing.map_or_else(|| "missing: not known".to_owned(), |n| format!("{n} missing"));
        let expected = c.expected.map_or_else(String::new, |n| format!(" of {n} expected"));
        let partial = if c.lacks(c.counted) == Some(true) { "partial: " } else { "" };
        let note = format!(
            "{partial}{} sheets counted{expected}, {} in review, {} in conflict, {} rejected, {missing}",
            c.counted, c.review, c.conflict, c.rejected
        );
        let title = [line.code.as_str(), line.name.as_str()].join(" ").trim().to_owned();
        Self { title, note, bars }
    }
}

/// Text that is safe in XML.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // XML 1.0 holds no other control characters.
            c if c.is_control() && c != '\n' && c != '\t' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// The picture, 800 units wide.
pub fn svg(chart: &Bars) -> String {
    let total: u64 = chart.bars.iter().filter_map(|b| b.1).sum();
    let most = chart.bars.first().and_then(|b| b.1).unwrap_or(0).max(1) as f64;
    let height = 70 + 30 * chart.bars.len() + 34;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 800 {height}\" role=\"img\" \
         font-family=\"system-ui, 'Noto Sans', 'Liberation Sans', sans-serif\">\n\
         <title>{}</title>\n<desc>{}</desc>\n<rect width=\"800\" height=\"{height}\" fill=\"#ffffff\"/>\n\
         <text x=\"24\" y=\"38\" font-size=\"20\" font-weight=\"600\" fill=\"#1f1d1a\">{}</text>\n",
        escape(&chart.title),
        escape(&chart.note),
        escape(&chart.title)
    );
    for (i, (label, votes)) in chart.bars.iter().enumerate() {
        let y = 60 + 30 * i;
        let length = 360.0 * votes.unwrap_or(0) as f64 / most;
        let share = |n: u64| if total == 0 { 0.0 } else { 100.0 * n as f64 / total as f64 };
        let told = votes.map_or_else(|| "no sheet".to_owned(), |n| format!("{n} ({:.1} %)", share(n)));
        out.push_str(&format!(
            "<text x=\"214\" y=\"{}\" font-size=\"13\" text-anchor=\"end\" fill=\"#1f1d1a\">{}</text>\
             <rect x=\"224\" y=\"{y}\" width=\"{length:.1}\" height=\"20\" rx=\"2\" fill=\"#0b5a63\"/>\
             <text x=\"{:.1}\" y=\"{}\" font-size=\"13\" fill=\"#1f1d1a\">{told}</text>\n",
            y + 15,
            escape(label),
            232.0 + length,
            y + 15
        ));
    }
    out.push_str(&format!(
        "<text x=\"24\" y=\"{}\" font-size=\"12\" fill=\"#5c574f\">{}</text>\n</svg>\n",
        height - 16,
        escape(&chart.note)
    ));
    out
}
