//! What the frames of a network say about a short sequence: exact probabilities, best first.
//!
//! In: a [`Frames`] matrix, one row of class probabilities a frame, class 0 the blank of
//! connectionist temporal classification. Out: [`Sequences`], label sequences with the probability
//! that the frames spell exactly that, and the probability of everything not listed. Nothing is
//! pruned from a listed probability: it sums over every alignment (prefix search decoding, A. Graves,
//! "Supervised Sequence Labelling with Recurrent Neural Networks", 2012, section 7.5).
//! Refuses nothing: frames that say nothing leave everything to what is not listed.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// Class probabilities, frame by frame; each row sums to 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Frames {
    classes: usize,
    probabilities: Vec<f64>,
}

impl Frames {
    /// From logits, row after row of `classes`; an incomplete last row is left out.
    pub fn from_logits(logits: &[f32], classes: usize) -> Self {
        let mut probabilities = Vec::with_capacity(logits.len());
        for row in logits.chunks_exact(classes.max(1)) {
            let top = row.iter().copied().fold(f32::MIN, f32::max);
            let weights: Vec<f64> = row.iter().map(|&l| f64::from(l - top).exp()).collect();
            let total: f64 = weights.iter().sum();
            probabilities.extend(weights.iter().map(|w| w / total));
        }
        Self { classes: classes.max(1), probabilities }
    }

    /// How many frames.
    pub fn len(&self) -> usize {
        self.probabilities.len() / self.classes
    }

    /// Whether there is no frame.
    pub fn is_empty(&self) -> bool {
        self.probabilities.is_empty()
    }

    /// Probability of `class` in frame `t`.
    pub(super) fn at(&self, t: usize, class: usize) -> f64 {
        self.probabilities[t * self.classes + class]
    }

    /// As if no label that is `banned` could stand from a frame on.
    pub fn without(mut self, from: usize, banned: impl Fn(u8) -> bool) -> Self {
        let classes = self.classes;
        for row in self.probabilities.chunks_exact_mut(classes).skip(from) {
            (1..classes).filter(|&c| banned(label(c))).for_each(|c| row[c] = 0.0);
            let left: f64 = row.iter().sum();
            if left > 0.0 {
                row.iter_mut().for_each(|p| *p /= left);
            }
        }
        self
    }

    /// The best of the blank and the classes whose label is `allowed` in every frame, repeats merged and
    /// blanks dropped: what a long line says.
    pub fn best_path(&self, allowed: impl Fn(u8) -> bool) -> Vec<u8> {
        self.path(allowed).into_iter().map(|p| p.0).collect()
    }

    /// The same, with the frame in which each label begins.
    pub fn path(&self, allowed: impl Fn(u8) -> bool) -> Vec<(u8, usize)> {
        let listed: Vec<usize> = (1..self.classes).filter(|&c| allowed(label(c))).collect();
        let mut out = Vec::new();
        let mut last = 0;
        for t in 0..self.len() {
            let class =
                listed.iter().copied().fold(0, |a, b| if self.at(t, b) > self.at(t, a) { b } else { a });
            if class != 0 && class != last {
                out.push((label(class), t));
            }
            last = class;
        }
        out
    }

    /// Up to `width` probable readings as labels that are `allowed`, in the order of the labels: prefix beam
    /// search (Hannun et al., "First-Pass Large Vocabulary Continuous Speech Recognition using
    /// Bi-Directional Recurrent DNNs", 2014).
    pub fn readings(&self, allowed: impl Fn(u8) -> bool, width: usize) -> Vec<Vec<u8>> {
        let mut tree = Tree(vec![Node::default()]);
        let mut beam = vec![Path { node: 0, off: 1.0, on: 0.0 }];
        let mut next: Vec<Path> = Vec::new();
        let mut likely: Vec<(u8, f64)> = Vec::new();
        for t in 0..self.len() {
            let listed = (1..self.classes).map(|c| (label(c), self.at(t, c)));
            likely.clear();
            likely.extend(listed.filter(|&(l, p)| p > UNLIKELY && allowed(l)));
            next.clear();
            for path in &beam {
                let again = tree.last(path.node).map_or(0.0, |l| path.on * self.at(t, usize::from(l) + 1));
                tree.put(&mut next, t, path.node, (path.all() * self.at(t, 0), again));
            }
            // What is new and less than each of so many is none of the best.
            let least = if beam.len() < width { 0.0 } else { next.iter().map(Path::all).fold(1.0, f64::min) };
            for path in &beam {
                for &(l, p) in &likely {
                    let ready = if tree.last(path.node) == Some(l) { path.off } else { path.all() };
                    if ready > 0.0 && (ready * p >= least || tree.is_put(path.node, l, t)) {
                        let longer = tree.longer(path.node, l);
                        tree.put(&mut next, t, longer, (0.0, ready * p));
                    }
                }
            }
            if next.len() > width {
                let labels = |p: &Path| tree.labels(p.node);
                let order =
                    |a: &Path, b: &Path| b.all().total_cmp(&a.all()).then_with(|| labels(a).cmp(&labels(b)));
                next.select_nth_unstable_by(width, order);
                next.truncate(width);
            }
            std::mem::swap(&mut beam, &mut next);
        }
        let mut out: Vec<Vec<u8>> = beam.iter().map(|path| tree.labels(path.node)).collect();
        out.sort_unstable();
        out
    }

    /// Probability that the frames spell exactly `labels`, over every alignment.
    pub fn probability(&self, labels: &[u8]) -> f64 {
        if self.is_empty() {
            return 0.0;
        }
        // By label: the frames so far spell the labels before it and it; the blank after them is apart.
        let n = labels.len();
        let class = |k: usize| usize::from(labels[k]) + 1;
        let (mut on, mut off) = (vec![0.0; n], vec![0.0; n + 1]);
        off[0] = 1.0;
        for t in 0..self.len() {
            let blank = self.at(t, 0);
            // From the last label down: each needs what the one before it was a frame ago.
            for k in (0..n).rev() {
                let before = if k > 0 && labels[k - 1] != labels[k] { on[k - 1] } else { 0.0 };
                off[k + 1] = (off[k + 1] + on[k]) * blank;
                on[k] = (on[k] + before + off[k]) * self.at(t, class(k));
            }
            off[0] *= blank;
        }
        on.last().copied().unwrap_or(0.0) + off[n]
    }
}

/// Labels that frames may spell so far.
struct Path {
    node: usize,
    /// Probability with a blank last.
    off: f64,
    /// With a label last.
    on: f64,
}

impl Path {
    fn all(&self) -> f64 {
        self.off + self.on
    }
}

/// Labels after those of another node.
#[derive(Default)]
struct Node {
    before: usize,
    label: u8,
    /// The first that is longer by one, and the next that is as long; 0 for none.
    longer: usize,
    beside: usize,
    /// After how many frames it was last put among the paths, and where.
    put: (usize, usize),
}

/// Sequences of labels, each once; the first is empty.
struct Tree(Vec<Node>);

impl Tree {
    fn last(&self, node: usize) -> Option<u8> {
        (node > 0).then(|| self.0[node].label)
    }

    fn labels(&self, node: usize) -> Vec<u8> {
        let nodes = std::iter::successors(Some(node), |&n| Some(self.0[n].before));
        let mut out: Vec<u8> = nodes.map_while(|n| self.last(n)).collect();
        out.reverse();
        out
    }

    /// The labels of a node and one more, if they were met before; else 0.
    fn met(&self, node: usize, label: u8) -> usize {
        let mut at = self.0[node].longer;
        while at > 0 && self.0[at].label != label {
            at = self.0[at].beside;
        }
        at
    }

    /// Whether they were put among what frame `t` makes.
    fn is_put(&self, node: usize, label: u8, t: usize) -> bool {
        let met = self.met(node, label);
        met > 0 && self.0[met].put.0 == t + 1
    }

    /// They, met now.
    fn longer(&mut self, node: usize, label: u8) -> usize {
        let met = self.met(node, label);
        if met > 0 {
            return met;
        }
        let (new, beside) = (self.0.len(), self.0[node].longer);
        self.0.push(Node { before: node, label, beside, ..Node::default() });
        self.0[node].longer = new;
        new
    }

    /// Adds to what frame `t` makes of a node.
    fn put(&mut self, paths: &mut Vec<Path>, t: usize, node: usize, (off, on): (f64, f64)) {
        let put = &mut self.0[node].put;
        if put.0 != t + 1 {
            *put = (t + 1, paths.len());
            paths.push(Path { node, off: 0.0, on: 0.0 });
        }
        let path = &mut paths[put.1];
        (path.off, path.on) = (path.off + off, path.on + on);
    }
}

/// Labels less probable than this in a frame do not begin there (not measured).
const UNLIKELY: f64 = 1e-4;

/// Label of a class: classes count from the blank, labels from 0.
fn label(class: usize) -> u8 {
    u8::try_from(class - 1).unwrap_or(u8::MAX)
}

/// How far to search.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// The longest sequence that is listed.
    pub longest: usize,
    /// How many prefixes are extended at most; a clean cell needs about ten.
    pub prefixes: usize,
    /// Prefixes and sequences less probable than this are left to the rest.
    pub least: f64,
}

/// Sequences that the frames may spell.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Sequences {
    /// Labels (0 the first class after the blank) with their probability, most probable first, ties
    /// by labels.
    pub listed: Vec<(Vec<u8>, f64)>,
    /// Probability of all that is not listed.
    pub rest: f64,
}

impl Sequences {
    /// Only the empty sequence: a place that was not looked at because nothing can stand there.
    pub fn nothing() -> Self {
        Self { listed: vec![(Vec::new(), 1.0)], rest: 0.0 }
    }

    /// Probability of the sequences that are shorter than `length`, the empty one among them.
    pub fn shorter_than(&self, length: usize) -> f64 {
        self.listed.iter().filter(|s| s.0.len() < length).map(|s| s.1).sum()
    }
}

/// A prefix with its forward variables.
struct Prefix {
    labels: Vec<u8>,
    /// Probability of all sequences that begin with `labels`.
    mass: f64,
    /// By frame: the frames so far spell `labels`, the last one not a blank.
    on: Vec<f64>,
    /// By frame: the frames so far spell `labels`, the last one a blank.
    off: Vec<f64>,
}

impl PartialEq for Prefix {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Prefix {}

impl PartialOrd for Prefix {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Prefix {
    fn cmp(&self, other: &Self) -> Ordering {
        self.mass.total_cmp(&other.mass).then_with(|| other.labels.cmp(&self.labels))
    }
}

impl Prefix {
    fn empty(frames: &Frames) -> Self {
        let mut off = Vec::with_capacity(frames.len());
        let mut p = 1.0;
        for t in 0..frames.len() {
            p *= frames.at(t, 0);
            off.push(p);
        }
        Self { labels: Vec::new(), mass: 1.0, on: vec![0.0; frames.len()], off }
    }

    fn extended(&self, frames: &Frames, class: usize) -> Self {
        let n = frames.len();
        let (mut on, mut off) = (vec![0.0; n], vec![0.0; n]);
        let repeats = self.labels.last() == Some(&label(class));
        let mut mass = 0.0;
        for t in 0..n {
            let ready = match t {
                0 if self.labels.is_empty() => 1.0,
                0 => 0.0,
                _ if repeats => self.off[t - 1],
                _ => self.off[t - 1] + self.on[t - 1],
            };
            let (before_on, before_off) = if t == 0 { (0.0, 0.0) } else { (on[t - 1], off[t - 1]) };
            on[t] = frames.at(t, class) * (ready + before_on);
            off[t] = frames.at(t, 0) * (before_on + before_off);
            mass += frames.at(t, class) * ready;
        }
        let mut labels = self.labels.clone();
        labels.push(label(class));
        Self { labels, mass, on, off }
    }

    /// Probability of exactly these labels.
    fn exact(&self) -> f64 {
        self.on.last().copied().unwrap_or(0.0) + self.off.last().copied().unwrap_or(0.0)
    }
}

/// The sequences that the frames may spell, with exact probabilities.
pub fn search(frames: &Frames, limits: Limits) -> Sequences {
    if frames.is_empty() {
        return Sequences { listed: Vec::new(), rest: 1.0 };
    }
    let mut heap = BinaryHeap::from([Prefix::empty(frames)]);
    let mut listed: Vec<(Vec<u8>, f64)> = Vec::new();
    for _ in 0..limits.prefixes {
        let Some(prefix) = heap.pop() else { break };
        let exact = prefix.exact();
        if exact >= limits.least {
            listed.push((prefix.labels.clone(), exact));
        }
        if prefix.labels.len() < limits.longest && prefix.mass - exact >= limits.least {
            for class in 1..frames.classes {
                let next = prefix.extended(frames, class);
                if next.mass >= limits.least {
                    heap.push(next);
                }
            }
        }
    }
    listed.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let rest = (1.0 - listed.iter().map(|s| s.1).sum::<f64>()).max(0.0);
    Sequences { listed, rest }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { longest: 4, prefixes: 4000, least: 0.0 };

    /// Frames from rows of probabilities.
    fn frames(rows: &[&[f64]]) -> Frames {
        Frames { classes: rows[0].len(), probabilities: rows.concat() }
    }

    /// Adds up every alignment, one by one.
    fn by_enumeration(f: &Frames, wanted: &[u8]) -> f64 {
        let mut total = 0.0;
        for code in 0..f.classes.pow(f.len() as u32) {
            let (mut rest, mut p, mut last, mut spelled) = (code, 1.0, 0, Vec::new());
            for t in 0..f.len() {
                let class = rest % f.classes;
                rest /= f.classes;
                p *= f.at(t, class);
                if class != 0 && class != last {
                    spelled.push(label(class));
                }
                last = class;
            }
            if spelled == wanted {
                total += p;
            }
        }
        total
    }

    fn uneven() -> Frames {
        frames(&[&[0.5, 0.3, 0.2], &[0.1, 0.6, 0.3], &[0.4, 0.25, 0.35], &[0.2, 0.5, 0.3], &[0.3, 0.3, 0.4]])
    }

    #[test]
    fn probabilities_are_those_of_all_alignments_added_up() {
        let f = uneven();
        let found = search(&f, LIMITS);
        for (labels, p) in &found.listed {
            assert!((p - by_enumeration(&f, labels)).abs() < 1e-12, "{labels:?}: {p}");
        }
        assert!(found.listed.iter().any(|s| s.0 == [0, 0]), "a repeated label needs a blank between");
        assert!(found.listed.iter().any(|s| s.0.is_empty()));
    }

    #[test]
    fn what_is_too_long_to_be_listed_stays_in_the_rest() {
        let f = uneven();
        let short = search(&f, Limits { longest: 1, ..LIMITS });
        assert!(short.listed.iter().all(|s| s.0.len() <= 1));
        let listed: f64 = short.listed.iter().map(|s| s.1).sum();
        assert!((listed + short.rest - 1.0).abs() < 1e-12 && short.rest > 0.3);
    }

    #[test]
    fn few_prefixes_find_the_most_probable_sequence_first() {
        let f = uneven();
        let all = search(&f, LIMITS);
        let few = search(&f, Limits { prefixes: 8, ..LIMITS });
        assert_eq!(all.listed[0], few.listed[0]);
        assert!(few.rest > all.rest);
    }

    #[test]
    fn order_does_not_depend_on_how_the_heap_breaks_ties() {
        let even = frames(&[&[0.25, 0.25, 0.25, 0.25], &[0.25, 0.25, 0.25, 0.25]]);
        let found = search(&even, LIMITS);
        let again = search(&even, LIMITS);
        assert_eq!(found, again);
        assert_eq!(found.listed.iter().filter(|s| s.0.len() == 1).count(), 3);
    }

    #[test]
    fn logits_become_probabilities_that_sum_to_one() {
        let f = Frames::from_logits(&[100.0, 0.0, -3.0, 0.0, 0.0, 0.0], 3);
        assert_eq!(f.len(), 2);
        assert!((f.at(1, 2) - 1.0 / 3.0).abs() < 1e-12);
        assert!(f.at(0, 0) > 0.999_999);
    }

    #[test]
    fn best_path_merges_repeats_and_drops_blanks() {
        let f = frames(&[
            &[0.1, 0.8, 0.1],
            &[0.2, 0.7, 0.1],
            &[0.9, 0.05, 0.05],
            &[0.1, 0.9, 0.0],
            &[0.1, 0.2, 0.7],
        ]);
        assert_eq!(f.best_path(|_| true), [0, 0, 1]);
        assert_eq!(f.best_path(|l| l == 1), [1], "what is not allowed gives way to the blank");
    }

    #[test]
    fn the_beam_holds_the_most_probable_readings() {
        let f = uneven();
        let best = search(&f, LIMITS).listed[0].0.clone();
        let found = f.readings(|_| true, 6);
        assert!(found.contains(&best) && found.len() <= 6, "{found:?}");
        assert!(f.readings(|l| l == 1, 6).iter().all(|r| r.iter().all(|&l| l == 1)));
    }

    #[test]
    fn a_line_has_the_probability_of_its_alignments() {
        let f = uneven();
        for labels in [&[][..], &[0], &[1, 0], &[0, 0], &[0, 1, 0], &[1, 1, 1, 1]] {
            let p = f.probability(labels);
            assert!((p - by_enumeration(&f, labels)).abs() < 1e-12, "{labels:?}: {p}");
        }
    }

    #[test]
    fn no_frames_leave_everything_to_the_rest() {
        assert_eq!(search(&Frames::from_logits(&[], 12), LIMITS).rest, 1.0);
    }

    #[test]
    fn what_cannot_stand_leaves_its_share_to_what_can() {
        let f = frames(&[&[0.1, 0.2, 0.7], &[0.5, 0.1, 0.4]]);
        assert_eq!(f.path(|_| true), [(1, 0)]);
        let later = f.clone().without(1, |label| label == 1);
        assert!((later.at(0, 2) - 0.7).abs() < 1e-12 && (later.at(1, 1) - 0.1 / 0.6).abs() < 1e-12);
        let all = f.without(0, |label| label == 1);
        assert_eq!(all.best_path(|_| true), [0]);
        assert!((all.probability(&[0]) + all.probability(&[]) - 1.0).abs() < 1e-12);
    }
}
