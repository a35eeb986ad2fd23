//! Prometheus' text format, version 0.0.4, as strictly as it is written. Apart from the product's
//! own code, so that the two cannot be wrong in the same way.

use std::collections::{BTreeMap, BTreeSet};

use crate::support::ensure;

/// Names and values, in their order.
type Labels = Vec<(String, String)>;

/// A page of metrics.
#[derive(Debug, Default)]
pub(crate) struct Page {
    /// Each family's type.
    pub(crate) types: BTreeMap<String, String>,
    pub(crate) samples: Vec<Sample>,
}

#[derive(Clone, Debug)]
pub(crate) struct Sample {
    pub(crate) name: String,
    pub(crate) labels: Labels,
    pub(crate) value: f64,
}

impl Page {
    /// Every label with every value that stands there, `le` apart.
    pub(crate) fn labels(&self) -> BTreeSet<(String, String)> {
        let labels = self.samples.iter().flat_map(|sample| sample.labels.iter());
        labels.filter(|(name, _)| name != "le").cloned().collect()
    }

    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut page = Self::default();
        ensure!(text.ends_with('\n'), "the last line has no end");
        let (mut family, mut ended) = (String::new(), BTreeSet::new());
        let mut helped = BTreeSet::new();
        let mut seen = BTreeSet::new();
        for line in text[..text.len() - 1].split('\n') {
            if line.is_empty() {
                continue;
            }
            if let Some(comment) = line.strip_prefix("# ") {
                let (kind, rest) = comment.split_once(' ').ok_or(line)?;
                let (name, rest) = rest.split_once(' ').ok_or(line)?;
                ensure!(is_name(name), "`{line}`");
                if name != family {
                    ensure!(ended.insert(name.to_owned()), "{name} stands in two places");
                    name.clone_into(&mut family);
                }
                match kind {
                    "HELP" => ensure!(helped.insert(name.to_owned()), "HELP of {name} twice"),
                    "TYPE" => {
                        let known = ["counter", "gauge", "histogram", "summary", "untyped"];
                        ensure!(known.contains(&rest), "`{line}`");
                        let before = page.types.insert(name.to_owned(), rest.to_owned());
                        ensure!(before.is_none(), "TYPE of {name} twice");
                    }
                    _ => return Err(format!("`{line}`")),
                }
                continue;
            }
            let sample = sample(line).map_err(|why| format!("{why} in `{line}`"))?;
            let kind = page.types.get(&family).map(String::as_str);
            let suffix = sample.name.strip_prefix(&family);
            let fits = match (kind, suffix) {
                (Some("histogram"), Some("_bucket")) => sample.has("le"),
                (Some("histogram" | "summary"), Some("_sum" | "_count")) => !sample.has("le"),
                (Some("counter" | "gauge" | "untyped" | "summary"), Some("")) => !sample.has("le"),
                _ => false,
            };
            ensure!(fits, "`{line}` does not belong to the {kind:?} {family}");
            ensure!(kind != Some("counter") || family.ends_with("_total"), "the counter {family}");
            ensure!(sample.value >= 0.0 && sample.value.is_finite(), "`{line}`");
            let mut labels = sample.labels.clone();
            labels.sort();
            ensure!(seen.insert((sample.name.clone(), labels)), "`{line}` stands twice");
            page.samples.push(sample);
        }
        page.histograms()?;
        Ok(page)
    }

    /// Buckets rise, and the last counts all.
    fn histograms(&self) -> Result<(), String> {
        let histograms = self.types.iter().filter(|(_, kind)| *kind == "histogram");
        for (family, _) in histograms {
            let mut series: BTreeMap<Labels, Vec<(f64, f64)>> = BTreeMap::new();
            for sample in self.samples.iter().filter(|s| s.name == format!("{family}_bucket")) {
                let (le, labels): (Vec<_>, Vec<_>) =
                    sample.labels.iter().cloned().partition(|(name, _)| name == "le");
                let le = le[0].1.parse().map_err(|_| format!("le of {family}"))?;
                series.entry(labels).or_default().push((le, sample.value));
            }
            for (labels, buckets) in series {
                let rises =
                    buckets.windows(2).all(|two| two[0].0 < two[1].0 && two[0].1 <= two[1].1);
                ensure!(rises, "the buckets of {family} {labels:?} are {buckets:?}");
                let last = buckets[buckets.len() - 1];
                ensure!(last.0 == f64::INFINITY, "{family} {labels:?} has no +Inf");
                let name = format!("{family}_count");
                let count = self.samples.iter().find(|s| s.name == name && s.labels == labels);
                let count = count.ok_or(format!("{name} {labels:?} is not there"))?;
                ensure!(count.value == last.1, "{name} {labels:?} is not its last bucket");
            }
        }
        Ok(())
    }
}

impl Sample {
    fn has(&self, label: &str) -> bool {
        self.labels.iter().any(|(name, _)| name == label)
    }
}

fn is_name(text: &str) -> bool {
    let first = |c: char| c.is_ascii_alphabetic() || c == '_' || c == ':';
    text.starts_with(first) && text.chars().all(|c| first(c) || c.is_ascii_digit())
}

/// `name value` or `name{label="value",…} value`.
fn sample(line: &str) -> Result<Sample, &'static str> {
    let end = line.find(['{', ' ']).ok_or("no value")?;
    let (name, mut rest) = line.split_at(end);
    if !is_name(name) {
        return Err("not a name");
    }
    let mut labels: Vec<(String, String)> = Vec::new();
    if let Some(inside) = rest.strip_prefix('{') {
        rest = inside;
        loop {
            let (label, value) = rest.split_once("=\"").ok_or("no label")?;
            if !is_name(label) || label.contains(':') || labels.iter().any(|(l, _)| l == label) {
                return Err("a bad label");
            }
            let (value, behind) = label_value(value)?;
            labels.push((label.to_owned(), value));
            match behind.chars().next() {
                Some(',') => rest = &behind[1..],
                Some('}') => {
                    rest = &behind[1..];
                    break;
                }
                _ => return Err("no end of the labels"),
            }
        }
    }
    let value = rest.strip_prefix(' ').ok_or("no space before the value")?;
    let plain = |c: char| c.is_ascii_digit() || "+-.e".contains(c);
    if value.is_empty() || !value.chars().all(plain) {
        return Err("a bad value");
    }
    let value = value.parse().map_err(|_| "a bad value")?;
    Ok(Sample { name: name.to_owned(), labels, value })
}

/// A label's value up to its quote, and what stands behind that.
fn label_value(text: &str) -> Result<(String, &str), &'static str> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Ok((value, &text[at + 1..])),
            '\\' => match chars.next() {
                Some((_, 'n')) => value.push('\n'),
                Some((_, c @ ('\\' | '"'))) => value.push(c),
                _ => return Err("a bad escape"),
            },
            '\n' => return Err("a line end in a label"),
            c => value.push(c),
        }
    }
    Err("no end of a label's value")
}

#[test]
fn the_parser_is_strict() {
    let good = "# HELP a_total x y\n# TYPE a_total counter\na_total{b=\"c\\\"\\\\\\n\"} 1\n\n# TYPE g gauge\ng 2.5\n\
        # TYPE h histogram\nh_bucket{le=\"0.1\"} 1\nh_bucket{le=\"+Inf\"} 2\nh_sum 1e-3\nh_count 2\n";
    let page = Page::parse(good).unwrap();
    assert_eq!((page.samples.len(), page.types.len()), (6, 3));
    assert_eq!(page.samples[0].labels, [("b".to_owned(), "c\"\\\n".to_owned())]);
    for (from, to) in [
        ("a_total{", "b_total{"),
        ("counter", "count"),
        ("} 1", "}1"),
        ("} 1", "} 1 "),
        (" 2.5", " x"),
        ("{b=", "{1="),
        ("\"} 1", "} 1"),
        ("le=\"0.1\"} 1", "le=\"0.1\"} 3"),
        ("h_count 2", "h_count 3"),
        ("+Inf", "9"),
        ("g 2.5\n", "g 2.5\ng 2.5\n"),
        ("a_total", "a"),
        ("h_count 2\n", "h_count 2"),
        ("g 2.5", "g -1"),
        ("# TYPE g", "# TYPE a_total"),
        ("g 2.5", "g NaN"),
    ] {
        let bad = good.replace(from, to);
        assert!(bad != good && Page::parse(&bad).is_err(), "{bad}");
    }
}
