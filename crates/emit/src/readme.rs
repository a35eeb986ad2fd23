//! README.md of a site: what was set and why, what remains by hand, how to see that it works.

mod by_hand;
mod checks;
mod steps;
mod why;

use crate::tree::wrapped;
use crate::{File, Judgement, Shape, Site, no_proxy};

/// The file, which names those that are emitted beside it.
pub(crate) fn file(site: &Site, files: &[File]) -> File {
    let mut page = Page::default();
    page.line("# SkyPilot behind pinhole, at this site");
    page.paragraph(
        "Written by `pinhole emit all` from `site.yaml`: change that, and emit anew with `--force`. \
         What stands here holds for the release of SkyPilot that it names.",
    );
    summary(site, &mut page);
    steps::write(site, files, &mut page);
    why::write(site, &mut page);
    by_hand::write(site, &mut page);
    warnings(site, &mut page);
    checks::write(site, &mut page);
    File::new("README.md", page.0)
}

fn summary(site: &Site, page: &mut Page) {
    page.heading("The site");
    let sky = &site.skypilot;
    page.row(["what", "here"]);
    page.row(["---", "---"]);
    let shape = match site.proxy.shape {
        Shape::Sidecar if site.native_sidecar() => "a native sidecar of each pod",
        Shape::Sidecar => "a plain sidecar of each pod",
        Shape::DaemonSet => "one pod on each node (DaemonSet)",
        Shape::Deployment => "a Deployment behind a Service",
        Shape::Bastion => "outside of the cluster",
    };
    page.row(["the proxy", shape]);
    page.row(["its address for pods", &format!("`{}`", site.proxy_url())]);
    let told = match site.proxies_plain_http() {
        true => "`http://` and `https://`",
        false => "`https://` only; apt for both, by its own configuration",
    };
    page.row(["pods use it for", told]);
    page.row(["SkyPilot", &sky.version.to_string()]);
    if let Some(serve) = &sky.serve {
        page.row(["SkyServe's endpoints", serve.mode.label()]);
    }
    if sky.high_availability {
        page.row(["controllers", "highly available"]);
    }
    for context in &sky.contexts {
        let how = if context.proxied { "by the proxy" } else { "directly" };
        page.row([&format!("context `{}`", context.name), how]);
    }
    page.row(["NO_PROXY", &format!("`{}`", no_proxy::of_pods(site, &site.cluster))]);
}

fn warnings(site: &Site, page: &mut Page) {
    let Judgement { warnings, .. } = site.judge();
    if warnings.is_empty() {
        return;
    }
    page.heading("What to know");
    page.paragraph("`pinhole emit` warns of these as well:");
    for note in &warnings {
        page.item(&format!("`{}`: {}.", note.place, note.message.trim_end_matches('.')));
    }
}

/// A page of Markdown.
#[derive(Default)]
struct Page(String);

impl Page {
    fn line(&mut self, text: &str) {
        self.0.push_str(text);
        self.0.push('\n');
    }

    fn heading(&mut self, text: &str) {
        if !self.0.ends_with("\n\n") {
            self.line("");
        }
        self.line(&format!("## {text}"));
        self.line("");
    }

    fn paragraph(&mut self, text: &str) {
        if !self.0.ends_with("\n\n") {
            self.line("");
        }
        wrapped(text, 100).iter().for_each(|line| self.line(line));
        self.line("");
    }

    fn item(&mut self, text: &str) {
        for (i, line) in wrapped(text, 98).iter().enumerate() {
            let mark = if i == 0 { "- " } else { "  " };
            self.line(&format!("{mark}{line}"));
        }
    }

    fn row<const N: usize>(&mut self, cells: [&str; N]) {
        let cells = cells.map(|cell| cell.replace('|', "\\|"));
        self.line(&format!("| {} |", cells.join(" | ")));
    }

    /// Commands, or what else is to be copied.
    fn block(&mut self, kind: &str, text: &str) {
        if !self.0.ends_with("\n\n") {
            self.line("");
        }
        self.line(&format!("```{kind}"));
        self.line(text.trim_end());
        self.line("```");
        self.line("");
    }
}
