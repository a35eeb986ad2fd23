use std::collections::BTreeSet;

use super::file::{Row, Scheme};
use super::template::Template;
use super::{PARAMETERS, PRESETS, Preset, find, names, value};

fn all() -> Vec<Preset> {
    let parse = |(name, text): &(&str, &str)| {
        Preset::parse(name, text).unwrap_or_else(|error| panic!("{name}: {error}"))
    };
    PRESETS.iter().map(parse).collect()
}

/// Suffixes below which anybody can have a name, or a bucket, and CDNs that many share.
const SHARED: [&str; 60] = [
    "akamai.net",
    "akamaiedge.net",
    "akamaihd.net",
    "akamaized.net",
    "amazonaws.com",
    "amazonaws.com.cn",
    "api.aws",
    "app.github.dev",
    "appdomain.cloud",
    "appspot.com",
    "azure-api.net",
    "azurecr.io",
    "azureedge.net",
    "azurefd.net",
    "azurewebsites.net",
    "b-cdn.net",
    "backblazeb2.com",
    "cdn77.org",
    "cloudapp.azure.com",
    "cloudapp.net",
    "cloudflarestorage.com",
    "cloudfront.net",
    "cloudfunctions.net",
    "core.windows.net",
    "customer-oci.com",
    "cwobject.com",
    "digitaloceanspaces.com",
    "docker.io",
    "edgekey.net",
    "edgesuite.net",
    "fastly.net",
    "fastlylb.net",
    "firebaseapp.com",
    "gcr.io",
    "github.io",
    "githubusercontent.com",
    "gitlab.io",
    "googleapis.com",
    "googleusercontent.com",
    "herokuapp.com",
    "hf.space",
    "linodeobjects.com",
    "myqcloud.com",
    "nebius.cloud",
    "netlify.app",
    "ngrok.io",
    "ondigitalocean.app",
    "oraclecloud.com",
    "pages.dev",
    "pkg.dev",
    "r2.dev",
    "run.app",
    "trafficmanager.net",
    "trycloudflare.com",
    "vercel.app",
    "vo.msecnd.net",
    "wasabisys.com",
    "web.app",
    "windows.net",
    "workers.dev",
];

/// Hosts that serve everybody's buckets, by path.
const EVERYBODYS: [&str; 11] = [
    "s3.amazonaws.com",
    "s3.{region}.amazonaws.com",
    "s3-{region}.amazonaws.com",
    "s3.dualstack.{region}.amazonaws.com",
    "storage.googleapis.com",
    "www.googleapis.com",
    "storage.{region}.nebius.cloud",
    "objectstorage.{region}.oraclecloud.com",
    "s3.{region}.cloud-object-storage.appdomain.cloud",
    "cwobject.com",
    "r2.cloudflarestorage.com",
];

/// What is wrong with a row, apart from its words.
fn too_wide(host: &str) -> Option<String> {
    let below = |one: &str, other: &str| {
        one == other || one.strip_suffix(other).is_some_and(|rest| rest.ends_with('.'))
    };
    if let Some(suffix) = host.strip_prefix("*.") {
        let shared = SHARED.iter().find(|shared| below(suffix, shared) || below(shared, suffix));
        // Two labels of letters: a country's second level, such as co.uk.
        let labels: Vec<&str> = suffix.split('.').collect();
        let public = matches!(labels[..], [second, top] if top.len() == 2 && second.len() <= 3);
        return shared
            .map(|shared| format!("{shared} is shared"))
            .or(public.then(|| format!("{suffix} is a public suffix")));
    }
    // A parameter alone before a shared suffix would be a wildcard, if it could have dots.
    let region =
        |host: &str| host.replace("us-east-1", "{region}").replace("eu-north1", "{region}");
    let everybodys = EVERYBODYS.contains(&host) || EVERYBODYS.contains(&region(host).as_str());
    everybodys.then(|| "it serves everybody's buckets".to_owned())
}

fn check(preset: &Preset) -> Result<(), String> {
    let Preset { name, about, parameters, rows, left_out } = preset;
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let sentence = |what: &str, text: &str| {
        let one_line = !text.contains('\n') && text.trim() == text && !text.contains(" (ports ");
        if one_line && text.len() > 3 && text.ends_with('.') {
            return Ok(());
        }
        Err(format!("{what} is no sentence on one line: {text:?}"))
    };
    if !name.bytes().all(plain) || rows.is_empty() {
        return Err("a bad name, or no host".to_owned());
    }
    sentence("about", about)?;
    if let Some(parameter) = parameters.iter().find(|one| !PARAMETERS.contains(&one.name.as_str()))
    {
        return Err(format!("an entry knows no key `{}`", parameter.name));
    }
    let mut seen = BTreeSet::new();
    for Row { covers, schemes, ports, why, source } in rows {
        let host = covers.to_string();
        let at = |error: String| format!("{host}: {error}");
        sentence("why", why).map_err(at)?;
        sentence("source", source).map_err(at)?;
        if let Some(error) = too_wide(&host) {
            return Err(at(error));
        }
        let expected = schemes.iter().map(|scheme| if *scheme == Scheme::Http { 80 } else { 443 });
        let expected: BTreeSet<u16> = expected.collect();
        let has = (1..=u16::MAX).filter(|port| ports.contains(*port)).collect::<BTreeSet<u16>>();
        if has != expected || expected.is_empty() {
            return Err(at(format!("ports {ports} are not those of its schemes")));
        }
        if !seen.insert(host.to_ascii_lowercase()) || host != host.to_ascii_lowercase() {
            return Err(at("it stands twice, or in capitals".to_owned()));
        }
    }
    for left in left_out {
        sentence("why", &left.why).map_err(|error| format!("{}: {error}", left.host))?;
        if !seen.insert(left.host.clone()) {
            return Err(format!("{} is opened, or left out twice", left.host));
        }
    }
    Ok(())
}

#[test]
fn every_preset_says_why_and_whence_and_opens_no_more_than_it_should() {
    let wrong: Vec<String> = all()
        .iter()
        .filter_map(|preset| check(preset).err().map(|error| format!("{}: {error}", preset.name)))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The check itself, by rows that it must refuse.
#[test]
fn what_is_too_wide_or_says_too_little_is_found() {
    let check = |row: &str| {
        let text = format!("about: For tests.\nhosts: [{row}]");
        check(&Preset::parse("x", &text).expect("it can be read"))
    };
    let good = "why: It is here., source: A test.";
    assert_eq!(check(&format!("{{host: a.test, {good}}}")), Ok(()));
    assert_eq!(check(&format!("{{host: '*.a.test', {good}}}")), Ok(()));
    assert_eq!(check(&format!("{{host: a.test, scheme: [http, https], {good}}}")), Ok(()));
    assert_eq!(check(&format!("{{network: 192.0.2.1/32, {good}}}")), Ok(()));
    for host in [
        "*.cloudfront.net",
        "*.amazonaws.com",
        "*.s3.us-east-1.amazonaws.com",
        "*.blob.core.windows.net",
        "*.azureedge.net",
        "*.googleapis.com",
        "*.docker.pkg.dev",
        "*.pages.dev",
        "*.co.uk",
        "*.com.au",
        "storage.googleapis.com",
        "s3.amazonaws.com",
        "s3.us-east-1.amazonaws.com",
    ] {
        assert!(check(&format!("{{host: '{host}', {good}}}")).is_err(), "{host}");
    }
    let rows = [
        "{host: a.test, why: It is here., source: ''}".to_owned(),
        "{host: a.test, why: '', source: A test.}".to_owned(),
        "{host: a.test, why: It is here, source: A test.}".to_owned(),
        "{host: a.test, why: \"It is\\nhere.\", source: A test.}".to_owned(),
        format!("{{host: a.test, ports: [443, 8443], {good}}}"),
        format!("{{host: a.test, ports: [80], {good}}}"),
        format!("{{host: a.test, scheme: [], ports: [443], {good}}}"),
        format!("{{host: A.test, {good}}}"),
        format!("{{host: a.test, {good}}}, {{host: a.test, {good}}}"),
    ];
    for row in rows {
        assert!(check(&row).is_err(), "{row}");
    }
}

#[test]
fn every_file_of_the_folder_is_built_in() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../config/presets");
    let name = |entry: std::io::Result<std::fs::DirEntry>| {
        let name = entry.unwrap().file_name().into_string().unwrap();
        name.strip_suffix(".yaml").unwrap_or_else(|| panic!("{name} is no preset")).to_owned()
    };
    let mut files: Vec<String> = std::fs::read_dir(folder).unwrap().map(name).collect();
    files.sort();
    assert_eq!(files, names().collect::<Vec<_>>());
}

#[test]
fn an_unknown_key_or_a_bad_host_is_an_error() {
    assert!(find("nosuch").is_none());
    let parse = |text: &str| Preset::parse("x", text);
    let row = |row: &str| parse(&format!("about: x\nhosts: [{{why: x, source: x, {row}}}]"));
    for good in ["host: a.test", "network: 192.0.2.0/24", "host: a.test, scheme: http"] {
        assert!(row(good).is_ok(), "{good}");
    }
    for bad in [
        "host: a.test, prots: [1]",
        "host: '*.com'",
        "host: a.test, ports: [0]",
        "host: a.test, scheme: ftp",
        "host: a.test, network: 192.0.2.1/32",
        "ports: [1]",
        "network: 192.0.2.1/24",
        "network: a.test",
        "host: 192.0.2.1",
        "host: 'a{.test'",
        "host: '{region}.test'",
        "host: 'a{}.test'",
    ] {
        assert!(row(bad).is_err(), "{bad}");
    }
    let with = |parameters: &str, host: &str| {
        let row = format!("{{host: '{host}', why: x, source: x}}");
        parse(&format!("about: x\nparameters: [{parameters}]\nhosts: [{row}]"))
    };
    let region = "{name: region, about: x, example: us-east-1}";
    assert!(with(region, "a.{region}.test").is_ok());
    assert!(with(region, "a-{region}-{region}.test").is_ok());
    assert!(with(region, "a.test").is_err(), "it is not used");
    assert!(with(region, "a.{bucket}.{region}.test").is_err(), "bucket is unknown");
    assert!(with("{name: region, about: x, example: us.east}", "a.{region}.test").is_err());
}

#[test]
fn a_preset_is_filled() {
    let text = "about: x\nparameters: [{name: region, about: x, example: r}]\nhosts:
  - {host: 'a.{region}.test', why: x, source: x}
  - {host: '*.{region}-b.test', why: x, source: x}
  - {network: 192.0.2.1/32, why: x, source: x}";
    let preset = Preset::parse("x", text).unwrap();
    let filled = preset.fill(|name| (name == "region").then_some("eu-1")).unwrap();
    let policy::Matcher::Preset(hosts) = filled.hosts else { panic!("hosts are a preset") };
    let patterns: Vec<String> = hosts.hosts.iter().map(|host| host.pattern.to_string()).collect();
    assert_eq!(patterns, ["a.eu-1.test", "*.eu-1-b.test"]);
    assert_eq!(filled.networks.len(), 1);
    assert!(preset.fill(|_| None).is_err());
    let long = "a".repeat(63);
    assert!(preset.fill(|_| Some(&long)).is_err(), "a label of 65 octets");
}

#[test]
fn a_value_is_a_part_of_one_label() {
    let longest = "a".repeat(63);
    for good in ["us-east-1", "a", "0", "123456789012", "a--b", &longest] {
        assert_eq!(value(good), Ok(good));
    }
    let too_long = "a".repeat(64);
    for bad in [
        "", "-", "-a", "a-", "a.b", "a.", "A", "us_east", "us east", "*", "{region}", "a/b", "a:1",
        "é", "\u{ff41}", "a\n", "a\0", "%61", &too_long,
    ] {
        let error = value(bad).unwrap_err();
        assert!(error.chars().all(|c| !c.is_control()), "{error:?}");
    }
}

#[test]
fn a_template_is_shown_as_it_was_written() {
    for text in ["a.test", "{region}.test", "a.{region}-b.{bucket}.test", "*.{region}.a.test"] {
        assert_eq!(Template::parse(text).unwrap().to_string(), text);
    }
}
