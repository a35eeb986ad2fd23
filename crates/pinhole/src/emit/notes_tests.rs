use ::emit::Note;

use super::problems;

#[test]
fn a_note_stands_where_its_value_does_or_where_it_belongs() {
    let text = "\
proxy:
  shape: deployment
mirrors:
  - a.test
  - host: b.test
cluster: {pod_cidrs: 10.0.0.0/8}
";
    let rows = [
        ("proxy.shape", Some((2, 10))),
        // Not there: the section is.
        ("proxy.plain_http", Some((2, 3))),
        ("mirrors[1].host", Some((5, 11))),
        // A single value is the list's first.
        ("cluster.pod_cidrs[0]", Some((6, 22))),
        ("skypilot.version", None),
    ];
    for (place, at) in rows {
        let note = Note { place: place.to_owned(), message: "no".to_owned() };
        let found = problems(text, &[note]).remove(0);
        assert_eq!(found.place, place);
        assert_eq!(found.position.map(|at| (at.line, at.column)), at, "{place}");
    }
}
