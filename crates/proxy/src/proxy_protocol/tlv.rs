//! What follows the addresses of a header of version 2 (section 2.2).

use super::Fault;

/// The type of the TLV that holds a checksum of the whole header (section 2.2.3).
pub(super) const CRC32C: u8 = 0x03;

/// TLVs must fill the header exactly, and a checksum among them must be right (section 2.2.3).
pub(super) fn judge(header: &[u8], mut at: usize) -> Result<(), Fault> {
    let mut checksum = None;
    while at < header.len() {
        let Some(&[kind, high, low]) = header.get(at..at + 3) else { return Err(Fault::Malformed) };
        let value = at + 3..at + 3 + usize::from(u16::from_be_bytes([high, low]));
        let held = header.get(value.clone()).ok_or(Fault::Malformed)?;
        at = value.end;
        if kind == CRC32C {
            let sum = held.try_into().map(u32::from_be_bytes).map_err(|_| Fault::Malformed)?;
            if checksum.replace((sum, value)).is_some() {
                return Err(Fault::Malformed);
            }
        }
    }
    let Some((sum, place)) = checksum else { return Ok(()) };
    // It was made while zeros stood in its own place.
    let zeroed = header.iter().enumerate().map(|(i, &b)| if place.contains(&i) { 0 } else { b });
    if crc32c(zeroed) == sum { Ok(()) } else { Err(Fault::Checksum) }
}

/// The checksum of RFC 4960, appendix B.
pub(super) fn crc32c(bytes: impl Iterator<Item = u8>) -> u32 {
    const POLYNOMIAL: u32 = 0x82f6_3b78;
    let step = |crc: u32| if crc & 1 == 1 { crc >> 1 ^ POLYNOMIAL } else { crc >> 1 };
    !bytes.fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(byte), |crc, _| step(crc)))
}
