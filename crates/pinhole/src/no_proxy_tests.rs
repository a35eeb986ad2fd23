use clap::Parser;

use super::*;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    args: NoProxyArgs,
}

fn parse(line: &[&str]) -> Result<NoProxyArgs, clap::Error> {
    let words = std::iter::once("no-proxy").chain(line.iter().copied());
    Line::try_parse_from(words).map(|line| line.args)
}

fn printed(line: &[&str]) -> String {
    let (text, code) = run(&parse(line).unwrap()).unwrap();
    assert_eq!(code, 0);
    text
}

fn json(line: &[&str]) -> serde_json::Value {
    serde_json::from_str(&printed(line)).unwrap()
}

#[test]
fn the_json_is_a_list_with_every_client_for_every_url() {
    let urls = ["https://a.example/", "http://10.1.2.3:8080/"];
    let said = json(&["--json", "--value", "a.example", urls[0], urls[1]]);
    let said = said.as_array().unwrap();
    assert_eq!(said.len(), 2 * clients::all().count());
    for answer in said {
        for key in ["url", "client", "version", "route", "why", "evidence"] {
            assert!(answer[key].is_string(), "{answer}");
        }
        assert!(urls.contains(&answer["url"].as_str().unwrap()));
        assert!(["direct", "proxy", "error"].contains(&answer["route"].as_str().unwrap()));
        let executed = !answer["executed"].as_array().unwrap().is_empty();
        assert_eq!(answer["evidence"] == "executed", executed, "{answer}");
    }
}

#[test]
fn a_spelling_can_be_left_out() {
    let route = |flags: &[&str]| {
        let line = [&["--json", "--client", "wget", "--value", "a", "http://a/"], flags].concat();
        json(&line)[0]["route"].clone()
    };
    assert_eq!(route(&[]), "direct");
    assert_eq!(route(&["--lower"]), "direct");
    assert_eq!(route(&["--upper"]), "proxy");
}

#[test]
fn addresses_reach_the_client_that_looks_them_up() {
    let line = ["--json", "--client", "ruby", "--value", "10.0.0.0/8", "http://a.example/"];
    assert_eq!(json(&line)[0]["route"], "proxy");
    let line = [&line[..], &["--address", "10.1.2.3"]].concat();
    assert_eq!(json(&line)[0]["route"], "direct");
}

#[test]
fn the_table_has_a_block_for_each_url() {
    let text = printed(&["--client", "dotnet", "--value", "a", "http://a/", "https://b/"]);
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(
        lines,
        [
            "http://a/",
            "  direct  dotnet  ≥6  no_proxy: `a` is the host",
            "",
            "https://b/",
            "  proxy   dotnet  ≥6  no_proxy: no entry covers it",
        ]
    );
}

#[test]
fn a_report_names_findings_and_what_to_write() {
    let text = printed(&["--lint", "--client", "httpx", "--value", "A.example,fd00::/8"]);
    assert!(text.contains("makes a request fail, such as for"), "{text}");
    assert!(text.contains("safest, in both spellings: a.example,.a.example\n"), "{text}");
    let said = json(&["--lint", "--json", "--value", "\"x\",fd00::/8", "http://a/"]);
    assert_eq!(said["problems"][0]["entry"], "\"x\"");
    assert_eq!(said["safest"], "");
    assert_eq!(said["routes"].as_array().unwrap().len(), clients::all().count());
    assert!(said["findings"].as_array().unwrap().iter().any(|one| one["effect"] == "fails"));
}

#[test]
fn bad_arguments_are_refused_with_a_reason() {
    for (line, reason) in [
        (&["--value", "a"][..], "<URL>"),
        (&["--value", "a", "a.example"], "write a URL that starts with http:// or https://"),
        (&["--value", "a", "http://a:0/"], "the port must be 1 to 65535"),
        (&["--value", "a", "--client", "crul", "http://a/"], "did you mean `curl`?"),
        (&["--value", "a", "--upper", "--lower", "http://a/"], "cannot be used with"),
        (&["http://a/"], "--value"),
    ] {
        let error = parse(line).unwrap_err();
        assert_eq!(error.exit_code(), 2);
        assert!(error.to_string().contains(reason), "{line:?}: {error}");
    }
}

#[test]
fn a_value_may_be_empty_or_start_with_a_dash() {
    for value in ["", "-a", ",", "a\nb"] {
        printed(&["--value", value, "http://a/"]);
    }
}
