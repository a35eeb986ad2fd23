//! Files that the configuration names.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};

use crate::reader::{Reader, Value};

/// What stands in a file.
pub(crate) struct Contents {
    pub(crate) bytes: Vec<u8>,
    /// Its permissions.
    pub(crate) mode: u32,
}

/// The contents of the file that the value names.
pub(crate) fn contents(reader: &mut Reader<'_>, value: &Value<'_>, max: u64) -> Option<Contents> {
    let read = |path: &str| {
        let shown = path.escape_debug();
        match read(path, max) {
            Ok(contents) if contents.bytes.len() as u64 > max => {
                Err(format!("{shown}: larger than {max} bytes"))
            }
            Ok(contents) => Ok(contents),
            Err(error) => Err(format!("cannot read {shown}: {error}")),
        }
    };
    reader.parsed(value, read)
}

/// One byte more than `max` at most. The mode is that of the file that is read.
fn read(path: &str, max: u64) -> io::Result<Contents> {
    // To open a pipe is to wait for whoever writes to it.
    if std::fs::metadata(path)?.file_type().is_fifo() {
        return Err(io::Error::other("it is a pipe"));
    }
    let file = File::open(path)?;
    let mode = file.metadata()?.permissions().mode();
    let mut bytes = Vec::new();
    file.take(max + 1).read_to_end(&mut bytes)?;
    Ok(Contents { bytes, mode })
}
