use super::{RequestHead, ResponseHead, Version};
use crate::malformed::Malformed;

fn request(head: &str) -> Result<RequestHead<'_>, Malformed> {
    RequestHead::parse(head.as_bytes(), 4)
}

fn response(head: &str) -> Result<ResponseHead<'_>, Malformed> {
    ResponseHead::parse(head.as_bytes(), 4)
}

#[test]
fn a_request_head_is_taken_apart() {
    let head = request("GET http://a.test/ HTTP/1.1\r\nHost:\t a.test \r\nX:\r\n\r\n").unwrap();
    assert_eq!((head.method, head.target), (&b"GET"[..], &b"http://a.test/"[..]));
    assert_eq!(head.version, Version::Http11);
    let fields: Vec<_> = head.fields.iter().map(|f| (f.name, f.value)).collect();
    assert_eq!(fields, [(&b"Host"[..], &b"a.test"[..]), (b"X", b"")]);
    assert_eq!(request("CONNECT a:1 HTTP/1.0\r\n\r\n").unwrap().version, Version::Http10);
}

#[test]
fn a_request_line_is_three_words_and_two_spaces() {
    for line in [
        "GET  / HTTP/1.1",
        "GET /  HTTP/1.1",
        "GET / HTTP/1.1 ",
        " GET / HTTP/1.1",
        "GET\t/ HTTP/1.1",
        "GET / x HTTP/1.1",
        "GET /",
        "GET",
        "",
        "G(T / HTTP/1.1",
        "G\u{e9}T / HTTP/1.1",
        "GET /\u{e9} HTTP/1.1",
        "GET  HTTP/1.1",
    ] {
        let head = format!("{line}\r\n\r\n");
        assert_eq!(request(&head), Err(Malformed::RequestLine), "{line}");
    }
    for version in ["HTTP/2.0", "HTTP/1.2", "HTTP/0.9", "http/1.1", "HTTP/1.1.", "HTTP/01.1", "X"] {
        let head = format!("GET / {version}\r\n\r\n");
        assert_eq!(request(&head), Err(Malformed::Version), "{version}");
    }
}

#[test]
fn a_field_line_is_a_token_and_a_value() {
    for (line, wrong) in [
        ("Host : a", Malformed::FieldName),
        ("Host\t: a", Malformed::FieldName),
        (": a", Malformed::FieldName),
        ("Host", Malformed::FieldName),
        ("Ho st: a", Malformed::FieldName),
        ("H\u{f6}st: a", Malformed::FieldName),
        ("Ho(st): a", Malformed::FieldName),
        (" folded", Malformed::Folded),
        ("\tfolded: x", Malformed::Folded),
    ] {
        let head = format!("GET / HTTP/1.1\r\nA: b\r\n{line}\r\n\r\n");
        assert_eq!(request(&head), Err(wrong), "{line}");
    }
    let many = "A: b\r\n".repeat(5);
    assert_eq!(request(&format!("GET / HTTP/1.1\r\n{many}\r\n")), Err(Malformed::Fields));
    assert!(request(&format!("GET / HTTP/1.1\r\n{}\r\n", &many[6..])).is_ok());
}

#[test]
fn a_status_line_is_read_strictly_but_for_its_reason() {
    let head = response("HTTP/1.1 404 Not  Found\r\nA: b\r\n\r\n").unwrap();
    assert_eq!((head.status, head.reason), (404, &b"Not  Found"[..]));
    for line in ["HTTP/1.1 200", "HTTP/1.0 200 ", "HTTP/1.1 200 \u{e9}"] {
        assert_eq!(response(&format!("{line}\r\n\r\n")).unwrap().status, 200, "{line}");
    }
    for line in [
        "HTTP/1.1 20 OK",
        "HTTP/1.1 2000 OK",
        "HTTP/1.1 +20 OK",
        "HTTP/1.1 600 X",
        "HTTP/1.1 099 X",
        "HTTP/1.1  200 OK",
        "HTTP/1.1 2x0 OK",
        "HTTP/1.1",
    ] {
        assert_eq!(response(&format!("{line}\r\n\r\n")), Err(Malformed::StatusLine), "{line}");
    }
    for line in ["HTTP/2 200 OK", "ICY 200 OK", "200 OK"] {
        assert_eq!(response(&format!("{line}\r\n\r\n")), Err(Malformed::Version), "{line}");
    }
}
