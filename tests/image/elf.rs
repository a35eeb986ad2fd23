//! As much of an ELF file as tells how it is linked.

/// A program header that names a dynamic loader.
const PT_INTERP: u32 = 3;

/// The loader that a 64-bit little-endian program asks for. A static one asks for none.
pub(crate) fn interpreter(file: &[u8]) -> Option<String> {
    assert_eq!(file[..6], *b"\x7fELF\x02\x01", "neither x86-64 nor little-endian AArch64");
    let headers = usize::try_from(number(file, 0x20, 8)).expect("an offset");
    let (size, count) = (number(file, 0x36, 2) as usize, number(file, 0x38, 2) as usize);
    assert!(count > 0, "not an executable");
    let mut headers = (0..count).map(|index| &file[headers + index * size..][..size]);
    let header = headers.find(|header| number(header, 0, 4) == u64::from(PT_INTERP))?;
    let (at, size) = (number(header, 0x08, 8) as usize, number(header, 0x20, 8) as usize);
    Some(String::from_utf8_lossy(&file[at..at + size]).trim_end_matches('\0').to_owned())
}

fn number(bytes: &[u8], at: usize, size: usize) -> u64 {
    bytes[at..at + size].iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}
