//! Chunked bodies that are none: the target must never see a whole request, nor the sentinel.

use crate::support::client::Ending;
use crate::support::origin::Origin;
use crate::support::site::{Site, refusal_id};
use crate::support::{each, ensure, shown};

const HEAD: &[u8] = b"POST http://ok.test:%P/body HTTP/1.1\r\nHost: ok.test:%P\r\n\
    Transfer-Encoding: chunked\r\n\r\n";
const SENTINEL: &[u8] =
    b"GET http://sentinel.test:%P/sentinel HTTP/1.1\r\nHost: sentinel.test:%P\r\n\r\n";

const BAD: &[&[u8]] = &[
    // What ends a chunk.
    b"5\r\nhelloX\r\n0\r\n\r\n",
    b"5\r\nhello0\r\n\r\n",
    b"5\r\nhello\n0\r\n\r\n",
    b"5\r\nhello\r0\r\n\r\n",
    b"5\r\nhello\r\r\n0\r\n\r\n",
    b"5\r\nhello \r\n0\r\n\r\n",
    b"4\r\nhello\r\n0\r\n\r\n",
    b"5\r\nhello\r\n\r\n0\r\n\r\n",
    // What ends a size.
    b"5\nhello\r\n0\r\n\r\n",
    b"5\rhello\r\n0\r\n\r\n",
    b"5\r\r\nhello\r\n0\r\n\r\n",
    b"5\n\r\nhello\r\n0\r\n\r\n",
    b"5;a\nhello\r\n0\r\n\r\n",
    b"0\n\r\n",
    b"0\r\n\n",
    b"0\n\n",
    b"0\r\r\n\r\n",
    // Sizes.
    b"\r\n5\r\nhello\r\n0\r\n\r\n",
    b";a\r\nhello\r\n0\r\n\r\n",
    b"+5\r\nhello\r\n0\r\n\r\n",
    b"-5\r\nhello\r\n0\r\n\r\n",
    b"-0\r\n\r\n",
    b"0x5\r\nhello\r\n0\r\n\r\n",
    b"0X5\r\nhello\r\n0\r\n\r\n",
    b"5h\r\nhello\r\n0\r\n\r\n",
    b"g\r\nhello\r\n0\r\n\r\n",
    b" 5\r\nhello\r\n0\r\n\r\n",
    b"\t5\r\nhello\r\n0\r\n\r\n",
    b"5 \r\nhello\r\n0\r\n\r\n",
    b"5\t\r\nhello\r\n0\r\n\r\n",
    b"5 ;a\r\nhello\r\n0\r\n\r\n",
    b"5 5\r\nhello\r\n0\r\n\r\n",
    b"5,5\r\nhello\r\n0\r\n\r\n",
    b"5_\r\nhello\r\n0\r\n\r\n",
    b"5.0\r\nhello\r\n0\r\n\r\n",
    b"\"5\"\r\nhello\r\n0\r\n\r\n",
    b"\xef\xbc\x95\r\nhello\r\n0\r\n\r\n",
    b"5\xa0\r\nhello\r\n0\r\n\r\n",
    b"5\x00\r\nhello\r\n0\r\n\r\n",
    b"5\x0b\r\nhello\r\n0\r\n\r\n",
    b"0 \r\n\r\n",
    // Overflow: 2^64 + 5, 2^64, 2^63, and 2^32 + 5 digits' worth of zeros.
    b"10000000000000005\r\nhello\r\n0\r\n\r\n",
    b"10000000000000000\r\n\r\n",
    b"8000000000000000\r\nhello\r\n0\r\n\r\n",
    b"ffffffffffffffff\r\nhello\r\n0\r\n\r\n",
    b"fffffffffffffffff0000000000000005\r\nhello\r\n0\r\n\r\n",
    b"0000000000000000000000000000000000005\r\nhello\r\n0\r\n\r\n",
    // Extensions.
    b"5;a\x00\r\nhello\r\n0\r\n\r\n",
    b"5;a\rb\r\nhello\r\n0\r\n\r\n",
    b"5;a\x0bb\r\nhello\r\n0\r\n\r\n",
    b"5;a\x1b[m\r\nhello\r\n0\r\n\r\n",
    b"5;a\x7f\r\nhello\r\n0\r\n\r\n",
    b"5;a=\xff\r\nhello\r\n0\r\n\r\n",
    b"5;a=\"\n\"\r\nhello\r\n0\r\n\r\n",
    // Trailers.
    b"0\r\nX y\r\n\r\n",
    b"0\r\nX\r\n\r\n",
    b"0\r\n: y\r\n\r\n",
    b"0\r\nX : y\r\n\r\n",
    b"0\r\n X: y\r\n\r\n",
    b"0\r\nX: y\r\n z\r\n\r\n",
    b"0\r\nX: y\n\r\n",
    b"0\r\nX: y\n\n",
    b"0\r\nX: y\r\n\n",
    b"0\r\nX: y\rz\r\n\r\n",
    b"0\r\n\rX: y\r\n\r\n",
    b"0\r\nX: \x00\r\n\r\n",
    b"0\r\nX: \x1b\r\n\r\n",
    b"0\r\nGET http://sentinel.test:%P/ HTTP/1.1\r\n\r\n",
];

fn all_refused(drip: bool) {
    let site = Site::new(Origin::start());
    let mut cases: Vec<Vec<u8>> = BAD.iter().map(|body| body.to_vec()).collect();
    let long = [b"5;".as_slice(), &[b'a'; 4096], b"\r\nhello\r\n0\r\n\r\n"].concat();
    let endless = [b"5;".as_slice(), &[b'a'; 4096]].concat();
    let many = [b"0\r\n".as_slice(), &b"X: y\r\n".repeat(70), b"\r\n"].concat();
    let large = [b"0\r\nX: ".as_slice(), &[b'y'; 16 * 1024], b"\r\n\r\n"].concat();
    cases.extend([long, endless, many.clone(), large]);
    // Behind a good chunk, what is wrong is found while the target already has a part.
    let behind = |body: &Vec<u8>| [b"3;x=\"y z\"\r\nabc\r\n".as_slice(), body].concat();
    let later: Vec<Vec<u8>> = cases.iter().map(behind).collect();
    cases.extend(later);
    let (count, mut ids) = (cases.len(), Vec::new());
    each(
        &cases,
        |body| format!("`{}`", shown(body)),
        |body| {
            let mut client = site.proxy.client();
            let bytes = site.fill([HEAD, body, SENTINEL].concat());
            match drip {
                true => client.drip(&bytes),
                false => drop(client.send(bytes)),
            }
            let response = client.try_response(false)?;
            let (status, label) = match body.ends_with(&many) {
                true => (431, "head_too_large"),
                false => (400, "malformed"),
            };
            ensure!(response.status == status, "{}", shown(&response.head));
            let id = refusal_id(&response, label)?;
            let (rest, ending) = client.rest();
            ensure!(rest.is_empty(), "behind the refusal came `{}`", shown(&rest));
            ensure!(ending == Ending::Fin, "the connection was reset");
            ids.push((id, status, label));
            Ok(())
        },
    );
    for (id, status, label) in ids {
        let line = site.proxy.record_of(&id);
        assert!(line["reason"] == label && line["status"] == status, "{line}");
    }
    assert_eq!(site.requests().len(), count);
    site.counters_agree();
    assert_eq!(site.origin.seen(), [], "a request became whole at the target");
    assert!(site.dns.asked().iter().all(|question| question.name == "ok.test"));
}

#[test]
fn refused() {
    all_refused(false);
}

#[test]
fn refused_byte_by_byte() {
    all_refused(true);
}

#[test]
fn a_body_that_is_cut_short_is_never_whole_at_the_target() {
    let cut: [&[u8]; 7] = [
        b"Content-Length: 6\r\n\r\nhello",
        b"Content-Length: 1\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n5\r\nhel",
        b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: y\r\n",
    ];
    let site = Site::new(Origin::start());
    for body in cut {
        let mut client = site.proxy.client();
        let head = b"POST http://ok.test:%P/cut HTTP/1.1\r\nHost: ok.test\r\n".as_slice();
        client.send(site.fill([head, body].concat())).fin();
        let (answer, _) = client.rest();
        assert!(!answer.starts_with(b"HTTP/1.1 2"), "{}", shown(&answer));
    }
    site.proxy.wait_requests(cut.len());
    assert_eq!(site.origin.seen(), []);
    site.counters_agree();
}
