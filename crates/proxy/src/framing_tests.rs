use super::{ConnectionOptions, Length, request_length, response_length};
use crate::head::{RequestHead, Version};
use crate::malformed::Malformed;

/// Puts field lines into a request, and applies `judge` to its fields.
fn with<T>(lines: &str, judge: impl FnOnce(&RequestHead<'_>) -> T) -> T {
    let head = format!("GET / HTTP/1.1\r\n{lines}\r\n");
    judge(&RequestHead::parse(head.as_bytes(), 100).unwrap())
}

fn length(lines: &str) -> Result<Length, Malformed> {
    with(lines, |head| request_length(&head.fields, Version::Http11))
}

#[test]
fn a_plain_length_or_one_chunked_is_taken() {
    assert_eq!(length(""), Ok(Length::Sized(0)));
    for (value, size) in [("0", 0), ("7", 7), ("9223372036854775807", i64::MAX as u64)] {
        assert_eq!(length(&format!("content-LENGTH:  {value} \r\n")), Ok(Length::Sized(size)));
    }
    assert_eq!(length("Transfer-Encoding: chunked\r\n"), Ok(Length::Chunked));
    assert_eq!(length("transfer-encoding:Chunked\r\n"), Ok(Length::Chunked));
}

#[test]
fn what_could_be_read_in_two_ways_is_refused() {
    for value in
        ["", "+1", "-1", "1,1", "1, 1", "0x1", "1 1", "1.0", "9223372036854775808", "\u{661}", "1;"]
    {
        let lines = format!("Content-Length: {value}\r\n");
        assert_eq!(length(&lines), Err(Malformed::Length), "{value}");
    }
    let twice = "Content-Length: 1\r\nContent-Length: 1\r\n";
    assert_eq!(length(twice), Err(Malformed::Length));
    for value in
        ["", "identity", "chunked, chunked", "gzip, chunked", "chunked;q=1", "xchunked", "chunked,"]
    {
        let lines = format!("Transfer-Encoding: {value}\r\n");
        assert_eq!(length(&lines), Err(Malformed::Coding), "{value}");
    }
    let chunked = "Transfer-Encoding: chunked\r\n";
    assert_eq!(length(&chunked.repeat(2)), Err(Malformed::Coding));
    for lines in
        [format!("{chunked}Content-Length: 1\r\n"), format!("Content-Length: 0\r\n{chunked}")]
    {
        assert_eq!(length(&lines), Err(Malformed::LengthAndCoding), "{lines}");
    }
    let old = with(chunked, |head| request_length(&head.fields, Version::Http10));
    assert_eq!(old, Err(Malformed::Coding));
}

#[test]
fn a_response_without_length_ends_by_close_unless_it_has_no_body() {
    let of = |lines: &str, status, to_head| {
        with(lines, |head| response_length(&head.fields, Version::Http11, status, to_head))
    };
    assert_eq!(of("", 200, false), Ok(Length::UntilClose));
    assert_eq!(of("Content-Length: 3\r\n", 200, false), Ok(Length::Sized(3)));
    for (status, to_head) in [(200, true), (204, false), (304, false)] {
        assert_eq!(of("Content-Length: 3\r\n", status, to_head), Ok(Length::Sized(0)));
    }
    // What it says of a body it does not have must be sound all the same.
    assert_eq!(of("Content-Length: x\r\n", 304, false), Err(Malformed::Length));
}

#[test]
fn connection_names_what_ends_at_this_hop() {
    let lines = "Connection: close, X-Mine ,, keep-alive\r\nConnection: y\r\nX-Mine: 1\r\n\
                 Y: 1\r\nZ: 1\r\nProxy-Authorization: Basic eA==\r\nTE: trailers\r\nUpgrade: h2c\r\n";
    with(lines, |head| {
        let connection = ConnectionOptions::of_request(&head.fields).unwrap();
        assert!(connection.close);
        let stays = head.fields.iter().filter(|field| !connection.ends_at_hop(field));
        assert_eq!(stays.map(|field| field.name).collect::<Vec<_>>(), [b"Z"]);
    });
    let close =
        |lines| with(lines, |head| ConnectionOptions::of_request(&head.fields).unwrap().close);
    assert!(!close("Connection: keep-alive\r\n"));
    assert!(close("Proxy-Connection: Close\r\n"));
    for value in ["host", "Content-Length", "x, transfer-encoding", "a b", "via", "(", "x;y"] {
        let lines = format!("Connection: {value}\r\n");
        let judged = with(&lines, |head| ConnectionOptions::of_request(&head.fields).map(|_| ()));
        assert_eq!(judged, Err(Malformed::Connection), "{value}");
    }
    let response = |lines| with(lines, |head| ConnectionOptions::of_response(&head.fields).is_ok());
    assert!(response("Connection: close, Transfer-Encoding\r\n"));
    assert!(!response("Connection: Content-Length\r\n"));
}
