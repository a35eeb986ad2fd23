//! Whatever the bytes and their cuts, the answer is one, comes in time, and is no panic.

use proptest::prelude::*;
use proptest::sample::Index;

use super::tests::craft::{Craft, REAL, content, ech, record, server_name};
use super::tests::{by_bytes, whole};
use super::*;

/// A real ClientHello, or a crafted one.
fn hello() -> impl Strategy<Value = Vec<u8>> {
    let real = (0..REAL.len()).prop_map(|i| REAL[i].1.to_vec());
    let name = prop::collection::vec((0..2_u8, "[a-z0-9.-]{0,12}"), 0..3);
    let crafted = (name, any::<bool>(), 0..2000_usize).prop_map(|(names, hides, padding)| {
        let names: Vec<(u8, &[u8])> = names.iter().map(|(k, n)| (*k, n.as_bytes())).collect();
        let mut craft = Craft::nameless().with(21, vec![0; padding]).with(0, server_name(&names));
        if hides {
            craft = craft.with(0xfe0d, ech());
        }
        craft.bytes()
    });
    prop_oneof![real, crafted]
}

/// The same content in records of these sizes, over and over.
fn cut(bytes: &[u8], sizes: &[usize]) -> Vec<u8> {
    let (content, mut records, mut sizes) = (content(bytes), Vec::new(), sizes.iter().cycle());
    let mut rest = &content[..];
    while !rest.is_empty() {
        let (one, more) = rest.split_at(rest.len().min(*sizes.next().expect("endless")));
        records.extend(record(one));
        rest = more;
    }
    records
}

/// The answer where it comes in these pieces.
fn in_pieces(bytes: &[u8], cuts: &[Index]) -> Progress {
    let mut ends: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
    ends.push(bytes.len());
    ends.sort_unstable();
    let mut reader = HelloReader::default();
    let answers = ends.into_iter().map(|end| reader.read(&bytes[..end]));
    answers.into_iter().find(|answer| *answer != Progress::More).unwrap_or(Progress::More)
}

proptest! {
    #[test]
    fn records_and_pieces_change_nothing(
        bytes in hello(),
        sizes in prop::collection::vec(1..700_usize, 1..8),
        cuts in prop::collection::vec(any::<Index>(), 0..12),
        behind in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        let records = cut(&bytes, &sizes);
        prop_assume!(records.len() <= MAX_HELLO);
        let sent = [&records[..], &behind].concat();
        let answer = in_pieces(&sent, &cuts);
        prop_assert_eq!(&answer, &by_bytes(&sent).0);
        match (whole(&bytes), answer) {
            (Progress::Hello(one), Progress::Hello(other)) => {
                prop_assert_eq!(one.server_name, other.server_name);
                prop_assert_eq!((one.ech, records.len()), (other.ech, other.len));
            }
            (one, other) => prop_assert_eq!(one, other),
        }
    }

    #[test]
    fn mutations_have_one_answer(
        bytes in hello(),
        sizes in prop::collection::vec(1..700_usize, 1..4),
        changes in prop::collection::vec((any::<Index>(), any::<u8>()), 1..6),
        cuts in prop::collection::vec(any::<Index>(), 0..6),
    ) {
        let mut sent = cut(&bytes, &sizes);
        for (at, byte) in changes {
            let at = at.index(sent.len());
            sent[at] = byte;
        }
        let answer = whole(&sent);
        prop_assert_eq!(&in_pieces(&sent, &cuts), &answer);
        prop_assert_eq!(&by_bytes(&sent).0, &answer);
    }

    #[test]
    fn so_many_bytes_have_an_answer(
        start in prop::collection::vec(any::<u8>(), 0..20),
        size in 1..20_000_usize,
    ) {
        // Anything, and a message that would be as long as the limit, in records of any size.
        let message = cut(&record(&[&[1, 0, 0x7f, 0xf0], &[0; MAX_HELLO][..]].concat()), &[size]);
        for sent in [[&start[..], &message].concat(), message] {
            let sent = &sent[..MAX_HELLO];
            prop_assert_ne!(whole(sent), Progress::More);
        }
    }
}
