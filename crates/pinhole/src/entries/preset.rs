//! An entry that names a preset, with the values of the preset's parameters.

use policy::Matcher;

use crate::presets::{self, Filled, PARAMETERS, Preset};
use crate::reader::{Reader, Value, unknown};

/// What stands in the entry for each of [`PARAMETERS`].
pub(super) type Given<'n> = [Option<Value<'n>>; PARAMETERS.len()];

/// Reads the name, and fills the preset.
pub(super) fn read(
    reader: &mut Reader<'_>,
    value: &Value<'_>,
    given: &Given<'_>,
) -> Option<Filled> {
    let name = reader.text(value)?;
    let Some(preset) = presets::find(name) else {
        let message = unknown("preset", name, presets::names());
        reader.problem(value, message);
        return None;
    };
    let values = values(reader, value, &preset, given)?;
    let filled = preset.fill(|name| values[PARAMETERS.iter().position(|known| *known == name)?]);
    filled.map_err(|error| reader.problem(value, error)).ok()
}

/// The values of the preset's parameters: each is there, and no other.
fn values<'n>(
    reader: &mut Reader<'_>,
    value: &Value<'_>,
    preset: &Preset,
    given: &Given<'n>,
) -> Option<[Option<&'n str>; PARAMETERS.len()]> {
    let before = reader.problems.len();
    let mut values = [None; PARAMETERS.len()];
    for ((name, given), read) in PARAMETERS.iter().zip(given).zip(&mut values) {
        let parameter = preset.parameters.iter().find(|parameter| parameter.name == *name);
        match (parameter, given) {
            (Some(_), Some(given)) => {
                *read = reader.text(given);
                if let Some(Err(error)) = read.map(presets::value) {
                    reader.problem(given, error);
                }
            }
            (Some(parameter), None) => {
                let (preset, example) = (&preset.name, &parameter.example);
                let message = format!("`{preset}` needs a {name} too, such as `{name}: {example}`");
                reader.problem(value, message);
            }
            (None, Some(given)) => {
                let message = format!("`{}` has no {name}: leave it out", preset.name);
                reader.problem(given, message);
            }
            (None, None) => {}
        }
    }
    (reader.problems.len() == before).then_some(values)
}

/// Says of each parameter that it stands in an entry without a preset.
pub(super) fn refuse(reader: &mut Reader<'_>, given: &Given<'_>) {
    for (name, given) in PARAMETERS.iter().zip(given) {
        if let Some(given) = given {
            reader.problem(given, format!("`{name}` belongs beside `preset:` only"));
        }
    }
}

/// The hosts and the networks, each as a matcher of its own.
pub(super) fn matchers(filled: Filled) -> Vec<(Matcher, Option<policy::PortSet>)> {
    let networks = filled.networks.into_iter().map(|(network, ports)| (network, Some(ports)));
    std::iter::once((filled.hosts, None)).chain(networks).collect()
}
