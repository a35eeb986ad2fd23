use super::*;
use crate::head::Field;

/// `open sesame`, by `htpasswd -nbBC 4`.
const BCRYPT: &str = "$2y$04$uPqf913awc9n4u899B3EvuUEuJFEMqhk3oyEltHdvFnVHffF1jWja";
/// `pass:word é`, by `openssl passwd -6 -salt saltsalt`.
const SHA512: &str = "$6$saltsalt$pukJUllfDmWkkhAGAo16MeAG5gsQzjhiYLY3BUSfFojOu9mQ6NwB/VL2Nl0DP/ENccKL7sXuX05K88IDMc6U7.";
/// `x`, by `openssl passwd -5 -salt abc`.
const SHA256: &str = "$5$abc$sCOGUciM.GdmYMCUvmUcgu03oRH87O0clF96.9mwWGB";

fn credentials() -> Credentials {
    let text = format!("# people\nada:{BCRYPT}\n\nbob:{SHA512}\r\nci@build-1:{SHA256}\n");
    Credentials::parse(&text).unwrap()
}

fn shown(user: &str, password: &str) -> Basic {
    Basic { user: user.to_owned(), password: password.as_bytes().to_owned() }
}

#[tokio::test]
async fn a_user_is_known_by_name_and_password_together() {
    let credentials = credentials();
    let (ada, bob, ci) = ("open sesame", "pass:word é", "x");
    // What was right is remembered, and what was not is not.
    for _ in 0..3 {
        for (user, password, right) in [
            ("ada", ada, true),
            ("bob", bob, true),
            ("ci@build-1", ci, true),
            ("ada", bob, false),
            ("ada", "", false),
            ("ada", "open sesam", false),
            ("ada", "open sesame ", false),
            ("Ada", ada, false),
            ("nobody", ada, false),
            ("", "", false),
        ] {
            let found = check(&credentials, 1, &shown(user, password)).await;
            match right {
                true => assert_eq!(found.as_deref(), Ok(user)),
                false => assert_eq!(found, Err(NotLoggedIn::Wrong), "{user} {password}"),
            }
        }
    }
}

async fn check(
    credentials: &Credentials,
    from: u32,
    basic: &Basic,
) -> Result<Arc<str>, NotLoggedIn> {
    let from = std::net::Ipv4Addr::from_bits(from).into();
    credentials.check(basic, from, Duration::from_secs(60)).await
}

/// How many of these checks find that the password is wrong, and how many find no room.
async fn wrong_and_busy(
    credentials: &Credentials,
    from: impl Iterator<Item = u32>,
) -> (usize, usize) {
    let basic = shown("bob", "wrong");
    let checks = from.map(|from| check(credentials, from, &basic));
    let ended = futures_util::future::join_all(checks).await;
    let count = |what| ended.iter().filter(|one| **one == Err(what)).count();
    let counts = (count(NotLoggedIn::Wrong), count(NotLoggedIn::Busy));
    assert_eq!(counts.0 + counts.1, ended.len());
    counts
}

#[tokio::test]
async fn too_many_checks_are_refused_and_those_that_wait_are_answered() {
    let credentials = credentials();
    // One address has little room, however often it asks.
    assert_eq!(wrong_and_busy(&credentials, (0..20).map(|_| 7)).await, (QUEUE_OF_ONE, 18));
    let (wrong, busy) = wrong_and_busy(&credentials, 0..3 * QUEUE as u32).await;
    assert!(wrong >= QUEUE && busy > 0, "{wrong} {busy}");
    let after = check(&credentials, 7, &shown("bob", "pass:word é")).await;
    assert_eq!(after.as_deref(), Ok("bob"));
    assert!(credentials.waiting.lock().unwrap().is_empty());
}

#[tokio::test]
async fn who_waits_no_longer_gives_its_place_back() {
    let credentials = credentials();
    let address = std::net::Ipv4Addr::LOCALHOST.into();
    let basic = shown("bob", "wrong");
    for _ in 0..10 {
        let checked = credentials.check(&basic, address, Duration::ZERO).await;
        assert_eq!(checked, Err(NotLoggedIn::Busy));
    }
    assert!(credentials.waiting.lock().unwrap().is_empty());
}

#[test]
fn a_file_is_read_whole_or_its_lines_are_named() {
    let with = |line: &str| format!("ok:{SHA256}\n{line}\n");
    let long = "u".repeat(65);
    for (line, expected) in [
        ("ada", "line 2: write `user:hash`, as `htpasswd -nB user` prints it"),
        (":x", "line 2: a user's name has letters, digits, and . _ @ + - only, 64 at most"),
        ("a b:x", "line 2: a user's name has letters, digits, and . _ @ + - only, 64 at most"),
        (&format!("{long}:x"), "line 2: a user's name has letters"),
        ("ada:secret", "line 2: this is no hash that is known here: make one by"),
        ("ada:", "line 2: this is no hash"),
        ("ada:$apr1$abcdefgh$1234567890123456789012", "line 2: this is no hash"),
        ("ada:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=", "line 2: this is no hash"),
        ("ada:$2y$04$tooshort", "line 2: this is no hash"),
        (
            "ada:$2x$04$abcdefghijklmnopqrstuuJ6b1oLqR8YwYVYk7Zt8b3nq4x9WcZDe",
            "line 2: this is no hash",
        ),
        (
            "ada:$2y$4$abcdefghijklmnopqrstuuJ6b1oLqR8YwYVYk7Zt8b3nq4x9WcZDe",
            "line 2: this is no hash",
        ),
        (
            "ada:$2y$20$abcdefghijklmnopqrstuuJ6b1oLqR8YwYVYk7Zt8b3nq4x9WcZDe",
            "line 2: bcrypt's cost is 20, and 12 is the most",
        ),
        (
            // Of the salt's last letter, two bits count, and the others are not there.
            "ada:$2y$04$abcdefghijklmnopqrstubJ6b1oLqR8YwYVYk7Zt8b3nq4x9WcZDe",
            "line 2: this is no hash",
        ),
        ("ada:$6$$x", "line 2: this is no hash"),
        ("ada:$6$rounds=999$salt$x", "line 2: this is no hash"),
        (
            "ok:$5$abc$sCOGUciM.GdmYMCUvmUcgu03oRH87O0clF96.9mwWGB",
            "line 2: `ok` stands on line 1 already",
        ),
    ] {
        let error = Credentials::parse(&with(line)).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{line}: {error}");
        assert!(!error.contains("secret"), "it shows what stands there");
    }
    let dear = SHA256.replace("$5$", "$5$rounds=200001$");
    let error = Credentials::parse(&format!("a:{dear}")).unwrap_err().to_string();
    assert_eq!(error, "line 1: more than 200000 rounds take too long");
    assert!(Credentials::parse(&format!("a:{}", SHA256.replace("$5$", "$5$rounds=5000$"))).is_ok());
    for empty in ["", "\n\n", "# nobody\n"] {
        let error = Credentials::parse(empty).unwrap_err().to_string();
        assert_eq!(error, "line 1: no user stands here: write lines `user:hash`");
    }
    let many = Credentials::parse(&"x\n".repeat(1_000_000)).unwrap_err().to_string();
    assert!(many.len() < 3_000 && many.ends_with("line 21: and here reading ended"), "{many}");
    let both = Credentials::parse("ada\nbob\n").unwrap_err().to_string();
    assert!(both.contains("line 1: ") && both.contains("; line 2: "), "{both}");
}

#[test]
fn nothing_shows_a_password_or_a_hash() {
    let shown = format!("{:?} {:?}", credentials(), shown("ada", "sesame"));
    assert!(!shown.contains("sesame") && !shown.contains("$2y$"), "{shown}");
}

fn read(values: &[&str]) -> Result<Option<Basic>, NotLoggedIn> {
    let field =
        |value: &&'static str| Field { name: b"Proxy-Authorization", value: value.as_bytes() };
    let values: Vec<&'static str> =
        values.iter().map(|v| &*String::leak((*v).to_owned())).collect();
    authorization(&values.iter().map(field).collect::<Vec<_>>())
}

#[test]
fn basic_is_read_strictly() {
    let ada = "YWRhOm9wZW4gc2VzYW1l";
    assert_eq!(read(&[]), Ok(None));
    for value in [format!("Basic {ada}"), format!("basic {ada}"), format!("BASIC   {ada}")] {
        assert_eq!(read(&[&value]), Ok(Some(shown("ada", "open sesame"))), "{value}");
    }
    let long = data_encoding::BASE64.encode(format!("a:{}", "x".repeat(257)).as_bytes());
    for value in [
        "Basic",
        "Basic ",
        "Basic YWRh",
        "Basic YWRhOm9wZW4gc2VzYW1",
        "Basic YWRhOm9wZW4g c2VzYW1l",
        "Basic /w==",
        "Basic YQA6Yg",
        "Basic YTpiAGM=",
        "Basic YTpi, Basic YTpi",
        "Bearer YWRhOm9wZW4gc2VzYW1l",
        "Basic\tYTpi",
        "NTLM TlRMTVNTUAABAAAA",
        "YTpi",
        "",
        &format!("Basic {long}"),
    ] {
        assert_eq!(read(&[value]), Err(NotLoggedIn::Malformed), "{value}");
    }
    let value = format!("Basic {ada}");
    assert_eq!(read(&[&value, &value]), Err(NotLoggedIn::Malformed));
}
