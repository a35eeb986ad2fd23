//! The suggestion as YAML: a configuration by itself, for a person to read.
//!
//! Whatever stands here was chosen by clients, and must not lead out of its place: hosts are of a
//! parsed target, all else goes through [`Text::comment`].

mod entry;

use std::collections::BTreeSet;
use std::time::SystemTime;

pub(crate) use self::entry::entry;
use self::entry::{notes, with};
use super::choose::Item;
use super::needs::{Asked, Needs};
use super::seen::{Seen, Sighting};

/// Most targets that one comment names.
const MAX_TARGETS: usize = 8;
/// Most lines of a list in comments.
const MAX_LISTED: usize = 200;
/// Longest line of a comment, where its words let it.
const WIDTH: usize = 100;

/// What is written.
#[derive(Default)]
struct Text(String);

/// All of it.
pub(crate) fn yaml(seen: &Seen, needs: &Needs<'_>, items: &[Item]) -> String {
    let mut text = Text::default();
    text.head(seen, needs);
    if items.is_empty() {
        text.comment("", "", "Nothing to add.");
        text.line("", "allow: []");
    } else {
        text.line("", "allow:");
    }
    let first_marked = items.iter().position(|item| !item.marks.is_empty());
    for (i, item) in items.iter().enumerate() {
        if first_marked == Some(i) {
            let gap = if i == 0 { "" } else { "\n" };
            text.0.push_str(gap);
            text.comment("  ", "", "To be reviewed, each for what its REVIEW says:");
        }
        text.item(item);
    }
    text.sni(&needs.sni);
    let incurable = needs
        .incurable
        .iter()
        .map(|(asked, why)| format!("{}: {}; {why}", asked.target, tally(asked.sighting)));
    text.list("No entry of `allow` cures these:", incurable);
    if let (Some(rules), Some(since)) = (&seen.rules, seen.since) {
        let unused = rules.unused().map(|rule| {
            let line = rule.line.map(|line| format!(", line {line}")).unwrap_or_default();
            format!("{}{line}: {}", rule.place, rule.covers)
        });
        text.list(&format!("Rules that nothing used since {}:", shown(since)), unused);
    }
    text.0
}

impl Text {
    fn line(&mut self, indent: &str, line: &str) {
        self.0.push_str(indent);
        self.0.push_str(line);
        self.0.push('\n');
    }

    /// A comment, broken between its words. `hang` stands before its lines but the first.
    fn comment(&mut self, indent: &str, hang: &str, comment: &str) {
        let visible = |c: char| if c.is_ascii_graphic() || c == ' ' { c } else { '?' };
        let comment: String = comment.chars().map(visible).collect();
        let mut line = "#".to_owned();
        for word in comment.split(' ') {
            let is_begun = line.len() > 1 + hang.len();
            if is_begun && indent.len() + line.len() + 1 + word.len() > WIDTH {
                self.line(indent, line.trim_end());
                line = format!("#{hang}");
            }
            line.push(' ');
            line.push_str(word);
        }
        self.line(indent, line.trim_end());
    }

    fn head(&mut self, seen: &Seen, needs: &Needs<'_>) {
        let since = seen.since.map(|since| format!(" since {}", shown(since))).unwrap_or_default();
        if seen.targets.is_empty() {
            self.comment("", "", &format!("Nothing was denied{since}."));
        } else {
            let all = seen.targets.values().fold(0_u64, |all, one| all.saturating_add(one.count));
            let (targets, denials) =
                (counted(seen.targets.len() as u64, "target"), counted(all, "denial"));
            let what = format!(
                "What it takes to allow what was denied{since}: {targets}, {denials}. Clients \
                 choose what they ask for: take over nothing that you have not read."
            );
            self.comment("", "", &what);
        }
        let notes = [
            (needs.allowed as u64, "target", "which the configuration allows, left out"),
            (seen.beyond, "denial", "of further targets, for which there was no room here"),
            (seen.forgotten, "target", "that the proxy forgot, whose table is bounded"),
            (seen.strange_lines, "line", "skipped: none of pinhole's JSON log"),
            (seen.strange_targets, "target", "of the admin page skipped: not as pinhole writes it"),
        ];
        for (count, what, how) in notes {
            if count > 0 {
                self.comment("", "", &format!("{} {how}.", counted(count, what)));
            }
        }
    }

    fn item(&mut self, item: &Item) {
        let targets = match item.targets.split_at_checked(MAX_TARGETS) {
            Some((named, more)) if !more.is_empty() => {
                format!("{} and {} more: ", named.join(", "), more.len())
            }
            _ if item.targets.is_empty() => String::new(),
            _ => format!("{}: ", item.targets.join(", ")),
        };
        self.0.push('\n');
        self.comment("  ", "", &format!("{targets}{}", tally(&item.seen)));
        for line in notes(item) {
            self.comment("  ", "  ", &line);
        }
        for line in entry(item) {
            self.line("  ", &line);
        }
    }

    /// Entries with what lets their tunnels pass, never to be taken over unread.
    fn sni(&mut self, failed: &[Asked<'_>]) {
        let entry = |asked: &Asked<'_>| {
            let Asked { target, sighting } = asked;
            let reasons = sighting.reasons.iter().map(|(reason, _)| reason.label());
            let reasons: Vec<&str> = reasons.filter(|label| label.starts_with("sni_")).collect();
            let entry = with(target, "tls: log");
            format!("{entry} # or off; {}; {}", tally(sighting), reasons.join(", "))
        };
        let what = "Tunnels to these were opened, and failed the SNI check. Where that is right, \
             `tls: log` in the entry that allows the target lets them pass, and says so; `tls: off` \
             does not look:";
        self.list(what, failed.iter().map(entry));
    }

    /// A list in comments, if there is anything in it.
    fn list(&mut self, what: &str, lines: impl Iterator<Item = String>) {
        let mut count: usize = 0;
        for line in lines {
            if count == 0 {
                self.0.push('\n');
                self.comment("", "", what);
            }
            if count < MAX_LISTED {
                self.comment("", "    ", &format!("  {line}"));
            }
            count += 1;
        }
        if count > MAX_LISTED {
            self.comment("", "", &format!("  and {} more", count - MAX_LISTED));
        }
    }
}

/// How often, by whom, and when.
fn tally(seen: &Sighting) -> String {
    let mut text = match seen.count {
        1 => "once".to_owned(),
        count => format!("{count} times"),
    };
    let names = seen.names.iter().map(ToString::to_string).collect::<BTreeSet<_>>();
    let clients: BTreeSet<_> = seen.clients.iter().collect();
    let clients = clients.iter().map(ToString::to_string);
    let by: Vec<String> = names.into_iter().chain(clients).collect();
    if !by.is_empty() {
        let more = if seen.more_clients { " and others" } else { "" };
        text.push_str(&format!(", by {}{more}", by.join(", ")));
    }
    match (seen.first.map(shown), seen.last.map(shown)) {
        (Some(first), Some(last)) if first == last => text.push_str(&format!(", at {first}")),
        (Some(first), Some(last)) => text.push_str(&format!(", from {first} to {last}")),
        _ => {}
    }
    text
}

fn counted(count: u64, what: &str) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{count} {what}{s}")
}

fn shown(time: SystemTime) -> String {
    humantime::format_rfc3339_seconds(time).to_string()
}

#[cfg(test)]
#[path = "write_tests.rs"]
mod tests;
