use super::{List, Map, Tree};

#[test]
fn a_document_has_its_comments_above_what_they_explain() {
    let container = Map::new()
        .noted("Named, so that it does not merge into another.", "name", "ray-node")
        .with("env", List::new().noted("Both cases.", Map::new().with("name", "NO_PROXY")));
    let map = Map::new()
        .with("empty", Map::new())
        .noted("A list.", "list", [container])
        .with("none", List::new())
        .with("count", 3128u16)
        .with("on", true);
    assert_eq!(
        map.document("Head.\nSecond line."),
        "# Head.\n\
         # Second line.\n\
         empty: {}\n\
         \n\
         # A list.\n\
         list:\n  \
           # Named, so that it does not merge into another.\n  \
           - name: ray-node\n    \
             env:\n      \
               # Both cases.\n      \
               - name: NO_PROXY\n\
         none: []\n\
         count: 3128\n\
         \"on\": true\n"
    );
}

#[test]
fn what_could_be_read_as_something_else_is_quoted() {
    let cases = [
        ("plain", "plain"),
        ("registry.example/pinhole", "registry.example/pinhole"),
        ("/etc/pinhole", "/etc/pinhole"),
        ("true", "\"true\""),
        ("Yes", "\"Yes\""),
        ("n", "\"n\""),
        ("3128", "\"3128\""),
        ("0x1f", "\"0x1f\""),
        (".5", "\".5\""),
        ("-1", "\"-1\""),
        ("", "\"\""),
        (".svc,.cluster.local", "\".svc,.cluster.local\""),
        ("http://proxy.test:3128", "\"http://proxy.test:3128\""),
        ("a: b", "\"a: b\""),
        ("# no", "\"# no\""),
        (" \"so\" \\", "\" \\\"so\\\" \\\\\""),
        ("tab\there", "\"tab\\there\""),
        ("one\u{7}", "\"one\\U00000007\""),
        ("…", "\"…\""),
    ];
    for (text, written) in cases {
        let document = Map::new().with("key", text).document("");
        assert_eq!(document, format!("key: {written}\n"), "{text:?}");
    }
}

#[test]
fn lines_are_a_block_where_a_block_can_say_them() {
    let document = |text: &str| Map::new().with("key", text).document("");
    assert_eq!(document("a: 1\n\nb: 2\n"), "key: |\n  a: 1\n\n  b: 2\n");
    assert_eq!(document("say \"so\" # \\"), "key: |-\n  say \"so\" # \\\n");
    assert_eq!(document("one\n  two"), "key: |-\n  one\n    two\n");
    assert_eq!(document(" one\ntwo"), "key: \" one\\ntwo\"\n");
    assert_eq!(document("one\ntwo\n\n"), "key: \"one\\ntwo\\n\\n\"\n");
    let nested = Map::new().with("outer", Map::new().with("key", "one\ntwo\n"));
    assert_eq!(nested.document(""), "outer:\n  key: |\n    one\n    two\n");
    let listed = Map::new().with("list", ["one\ntwo\n"]);
    assert_eq!(listed.document(""), "list:\n  - |\n    one\n    two\n");
}

#[test]
fn comments_are_wrapped() {
    let long = "word ".repeat(40);
    let document = Map::new().noted(&long, "key", 1).document("");
    assert!(document.lines().all(|line| line.len() <= 100), "{document}");
    assert_eq!(document.matches("word").count(), 40);
    let listed = Map::new().noted("Steps:\n  1. one\n\n  2. two", "key", 1).document("");
    assert_eq!(listed, "# Steps:\n#   1. one\n#\n#   2. two\nkey: 1\n");
}

#[test]
#[should_panic(expected = "stands twice")]
fn a_key_stands_once() {
    let _map = Map::new().with("key", 1).with("key", Tree::Bool(true));
}
