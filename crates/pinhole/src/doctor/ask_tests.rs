use connect::ParentUrl;

use super::*;

fn ask(target: &str, way: Way) -> Ask {
    Ask { target: Authority::parse(target.as_bytes()).unwrap(), way }
}

fn proxy(url: &str) -> Proxy {
    let (url, credentials) = ParentUrl::parse_variable(url).unwrap();
    Proxy { url, credentials }
}

#[test]
fn requests_are_as_few_bytes_as_possible() {
    let agent = concat!("User-Agent: pinhole-doctor/", env!("CARGO_PKG_VERSION"), "\r\n");
    let plain = proxy("http://p.test:1");
    let known = proxy("http://u:p@p.test:1");
    for (proxy, target, way, line, host, more) in [
        (&plain, "a.test:443", Way::Tls, "CONNECT a.test:443", "a.test:443", ""),
        (&plain, "[fd00::1]:22", Way::Tunnel, "CONNECT [fd00::1]:22", "[fd00::1]:22", ""),
        (
            &plain,
            "a.test:80",
            Way::Forward,
            "HEAD http://a.test/",
            "a.test",
            "Connection: close\r\n",
        ),
        (
            &plain,
            "a.test:81",
            Way::Forward,
            "HEAD http://a.test:81/",
            "a.test:81",
            "Connection: close\r\n",
        ),
        (
            &plain,
            "[fd00::1]:80",
            Way::Forward,
            "HEAD http://[fd00::1]/",
            "[fd00::1]",
            "Connection: close\r\n",
        ),
        (
            &known,
            "a.test:443",
            Way::Tls,
            "CONNECT a.test:443",
            "a.test:443",
            "Proxy-Authorization: Basic dTpw\r\n",
        ),
    ] {
        let expected = format!("{line} HTTP/1.1\r\nHost: {host}\r\n{agent}{more}\r\n");
        assert_eq!(request(proxy, &ask(target, way)), expected);
    }
}

/// What comes of these bytes, and what is left of them.
async fn read(mut bytes: &[u8]) -> Result<(u16, Vec<u8>), Outcome> {
    let (answer, rest) = answer(&mut bytes).await?;
    Ok((answer.status, [rest.as_slice(), bytes].concat()))
}

#[tokio::test]
async fn the_final_answer_is_found() {
    for (bytes, status, rest) in [
        ("HTTP/1.1 200 OK\r\n\r\n", 200, ""),
        ("HTTP/1.1 200 OK\r\n\r\nrest", 200, "rest"),
        ("HTTP/1.0 403 No\n\nrest\r\n\r\n", 403, "rest\r\n\r\n"),
        (
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 x\r\n\r\nHTTP/1.1 403 x\r\nA: b\r\n\r\nrest",
            403,
            "rest",
        ),
    ] {
        let read = read(bytes.as_bytes()).await.unwrap();
        assert_eq!(read, (status, rest.as_bytes().to_vec()), "{bytes:?}");
    }
}

#[tokio::test]
async fn what_is_no_answer_is_said_to_be_none() {
    let endless = format!("HTTP/1.1 200 OK\r\nX: {}", "x".repeat(2 * MAX_HEAD));
    for (bytes, expected) in [
        ("", Outcome::Closed),
        ("SSH-2.0-x\r\n", Outcome::NotHttp),
        ("H", Outcome::NotHttp),
        ("HTTP/1.1 200 OK\r\n", Outcome::NotHttp),
        ("HTTP/1.1 abc\r\n\r\n", Outcome::NotHttp),
        (endless.as_str(), Outcome::NotHttp),
    ] {
        assert_eq!(read(bytes.as_bytes()).await.unwrap_err(), expected, "{bytes:.30}");
    }
}

#[tokio::test]
async fn a_body_is_read_as_far_as_it_tells() {
    let with =
        |length: &str| Answer::parse(format!("HTTP/1.1 403 x\r\n{length}").as_bytes()).unwrap();
    let all = "x".repeat(2 * MAX_BODY);
    for (length, first, rest, expected) in [
        ("Content-Length: 4", "ab", "cdef", "abcd"),
        ("Content-Length: 9", "ab", "cd", "abcd"),
        ("", "ab", "cd", "abcd"),
        ("", "", all.as_str(), &all[..MAX_BODY]),
        ("Content-Length: 99999999", "", all.as_str(), &all[..MAX_BODY]),
    ] {
        let read = body(&mut rest.as_bytes(), &with(length), first.as_bytes().to_vec()).await;
        assert_eq!(read, expected);
    }
}
