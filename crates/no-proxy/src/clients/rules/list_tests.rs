use super::*;

fn split(separators: Separators, trim: Trim, value: &str) -> Vec<&str> {
    let list = List { separators, trim, keeps_empty: false, reads_empty: false };
    list.entries(value).into_iter().map(|raw| raw.text).collect()
}

#[test]
fn each_way_to_split_is_as_its_client_does_it() {
    use Separators::{Comma, CommaBar, CommaBlank, CommaOrEnd, CommaSpace, CommaWhitespace, Ruby};
    use Trim::{AllSpaces, BehindComma, Both, Front, Nothing};
    let cases: &[(Separators, Trim, &str, &[&str])] = &[
        (Comma, Nothing, "a, b,,c ", &["a", " b", "c "]),
        (Comma, Both, " a ,\tb\n, ", &["a", "b"]),
        (Comma, Front, " a , b ", &["a ", "b "]),
        (Comma, BehindComma, " a , b ", &[" a ", "b "]),
        (Comma, AllSpaces, "a b", &["a b"]),
        (CommaBar, Nothing, "a|b,c", &["a", "b", "c"]),
        (CommaSpace, Nothing, "a b,\tc", &["a", "b", "\tc"]),
        (CommaBlank, Nothing, "a b,\tc\n", &["a", "b", "c\n"]),
        (CommaOrEnd, Nothing, "a , b,c", &["a", "b", "c"]),
        (CommaOrEnd, Nothing, " a b,c", &["a"]),
        (CommaOrEnd, Nothing, ",,a,", &["a"]),
        (CommaOrEnd, Nothing, "a b", &["a"]),
        (CommaWhitespace, Nothing, "a\nb\t c,d", &["a", "b", "c", "d"]),
        (Ruby, Nothing, "a:80, b:http ::1,[fd00::]/8", &["a:80", "b", "http", "1", "[fd00", "]/8"]),
        (Ruby, Nothing, "10.0.0.0/8 x::", &["10.0.0.0/8", "x"]),
    ];
    for (separators, trim, value, entries) in cases {
        assert_eq!(split(*separators, *trim, value), *entries, "{separators:?} {trim:?} {value:?}");
    }
}

#[test]
fn an_entry_knows_what_follows_it() {
    let list = List {
        separators: Separators::CommaBlank,
        trim: Trim::Nothing,
        keeps_empty: false,
        reads_empty: false,
    };
    let onward = |value| list.entries(value).iter().map(|raw| raw.onward).collect::<Vec<_>>();
    assert_eq!(onward("a, b"), ["a, b", "b"]);
    assert_eq!(onward("a,a "), ["a,a ", "a "]);
}

#[test]
fn empty_entries_count_where_a_client_keeps_them() {
    let separators = Separators::Comma;
    let list = List { separators, trim: Trim::Both, keeps_empty: true, reads_empty: false };
    assert_eq!(list.entries("a, ").len(), 2);
    assert_eq!(list.entries("").len(), 0);
    assert_eq!(List { reads_empty: true, ..list }.entries("").len(), 1);
}
