use super::*;

#[test]
fn rfc_4648_section_10() {
    let rows = [
        ("", ""),
        ("f", "Zg=="),
        ("fo", "Zm8="),
        ("foo", "Zm9v"),
        ("foob", "Zm9vYg=="),
        ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ];
    for (text, encoded) in rows {
        assert_eq!(encode(text.as_bytes()), encoded);
    }
    assert_eq!(encode(&[0xfb, 0xff, 0xfe]), "+//+");
}
