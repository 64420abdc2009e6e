//! A release as a file: from one environment to the next, or for a day on which neither database
//! nor admin API can be asked. One line of JSON says what it is; the components' bytes follow, one
//! after the other.
//!
//! What is read has passed every check of a digest: a file that was cut or changed is refused, and
//! the refusal says where. Who made it, no digest says, but the signatures that travel with it may:
//! that they are signatures of its components is checked here, and by whom they are where they are
//! to count.

use std::io::{BufRead, BufReader, Read, Write};

use serde::{Deserialize, Serialize};

use super::export_fault::ExportFault;
use super::exported::UNSIGNED;
pub use super::exported::{Exported, ExportedComponent, ExportedRelease, FORMAT, MOST_COMPONENTS};
use crate::hex;
use crate::policy::admission::MAX_COMPONENT_BYTES;
use crate::signatures::MOST_SIGNATURES;

/// The most bytes of the first line: settings, grants and a message, with room.
const MAX_HEAD_BYTES: u64 = 1 << 20;

/// The first line. The format comes first, so that a later one can be told from a damaged file.
#[derive(Serialize, Deserialize)]
struct Head {
    auth_host_release: u32,
    /// SHA-256 of the release as it is written here.
    sha256: String,
    release: ExportedRelease,
}

/// What every format's first line has.
#[derive(Deserialize)]
struct Format {
    auth_host_release: u32,
}

/// Writes a release and its components.
pub fn write(to: &mut impl Write, exported: &Exported) -> std::io::Result<()> {
    let head = Head {
        auth_host_release: exported.release.format(),
        sha256: digest_of(&exported.release)?,
        release: exported.release.clone(),
    };
    let mut line = serde_json::to_vec(&head)?;
    line.push(b'\n');
    if line.len() as u64 > MAX_HEAD_BYTES {
        // It could not be read again, on a day on which it is needed.
        return Err(std::io::Error::other(format!(
            "settings, grants and message need more than {MAX_HEAD_BYTES} bytes: too long for an \
             exported release"
        )));
    }
    to.write_all(&line)?;
    for bytes in &exported.components {
        to.write_all(bytes)?;
    }
    to.flush()
}

/// Reads a release and its components, all of it, and checks every digest and size.
pub fn read(from: &mut impl Read) -> Result<Exported, ExportFault> {
    let mut from = BufReader::new(from);
    let release = read_head(&mut from)?;
    let mut components = Vec::new();
    for (index, component) in release.components.iter().enumerate() {
        components.push(read_component(&mut from, index + 1, component)?);
    }
    if from.read(&mut [0])? > 0 {
        return Err(ExportFault::More);
    }
    Ok(Exported { release, components })
}

fn read_head(from: &mut impl BufRead) -> Result<ExportedRelease, ExportFault> {
    let mut line = Vec::new();
    from.take(MAX_HEAD_BYTES).read_until(b'\n', &mut line)?;
    if line.is_empty() {
        return Err(ExportFault::Empty);
    }
    if line.last() != Some(&b'\n') {
        let begins_like_one = line.starts_with(b"{\"auth_host_release\"");
        return Err(if begins_like_one { ExportFault::HeadCut } else { ExportFault::Another });
    }
    let Format { auth_host_release: format } =
        serde_json::from_slice(&line).map_err(|_| ExportFault::Another)?;
    if !(UNSIGNED..=FORMAT).contains(&format) {
        return Err(ExportFault::Format(format));
    }
    let head: Head = serde_json::from_slice(&line).map_err(ExportFault::Head)?;
    if digest_of(&head.release)? != head.sha256 || format != head.release.format() {
        return Err(ExportFault::HeadChanged);
    }
    let release = head.release;
    if hex::sha256(release.settings.as_bytes()) != release.settings_sha256 {
        return Err(ExportFault::SettingsChanged);
    }
    if release.components.is_empty() || release.components.len() > MOST_COMPONENTS {
        return Err(ExportFault::Components(release.components.len()));
    }
    Ok(release)
}

fn read_component(
    from: &mut impl Read,
    number: usize,
    component: &ExportedComponent,
) -> Result<Vec<u8>, ExportFault> {
    let ExportedComponent { sha256, size, signatures, .. } = component;
    let (many, most) = (signatures.len(), MOST_SIGNATURES);
    if many > most {
        return Err(ExportFault::TooManySignatures { number, signatures: many, most });
    }
    for line in signatures {
        component.is_signed_by(line).map_err(|reason| ExportFault::Signature { number, reason })?;
    }
    if *size > MAX_COMPONENT_BYTES {
        return Err(ExportFault::TooLarge { number, size: *size });
    }
    let mut bytes = Vec::new();
    from.take(*size).read_to_end(&mut bytes)?;
    let found = bytes.len() as u64;
    if found < *size {
        return Err(ExportFault::Cut { number, found, size: *size });
    }
    let actual = hex::sha256(&bytes);
    if actual != *sha256 {
        return Err(ExportFault::Changed { number, sha256: sha256.clone(), actual });
    }
    Ok(bytes)
}

fn digest_of(release: &ExportedRelease) -> std::io::Result<String> {
    Ok(hex::sha256(&serde_json::to_vec(release)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signatures::{PrivateKey, Statement};

    fn exported() -> Exported {
        let components = vec![vec![1; 100], vec![2; 50]];
        let described = ["0.3.0", "0.2.0"].iter().zip(&components);
        let settings = "{\"attempts\":3}".to_owned();
        let release = ExportedRelease {
            place: "login".into(),
            number: 42,
            author: "ann".into(),
            message: "step-up after five failures\nand more".into(),
            settings_sha256: hex::sha256(settings.as_bytes()),
            settings,
            grants: "{}".into(),
            components: described
                .map(|(wit, bytes)| ExportedComponent {
                    wit: (*wit).into(),
                    sha256: hex::sha256(bytes),
                    size: bytes.len() as u64,
                    signatures: Vec::new(),
                })
                .collect(),
        };
        Exported { release, components }
    }

    /// The line of a signature of this component by a new key.
    fn signature(component: &str) -> String {
        let statement = Statement {
            component: component.to_owned(),
            place: "login".into(),
            name: "guarded".into(),
            version: "1.2.0".into(),
        };
        PrivateKey::generate().sign(&statement).line()
    }

    /// The first component by two, the second one by one.
    fn signed() -> Exported {
        let mut exported = exported();
        for (component, many) in exported.release.components.iter_mut().zip([2, 1]) {
            component.signatures = (0..many).map(|_| signature(&component.sha256)).collect();
        }
        exported
    }

    fn written(exported: &Exported) -> Vec<u8> {
        let mut file = Vec::new();
        write(&mut file, exported).unwrap();
        file
    }

    fn fault(file: &[u8]) -> String {
        read(&mut &*file).unwrap_err().to_string()
    }

    #[test]
    fn what_is_written_is_read() {
        let exported = exported();
        assert_eq!(read(&mut &*written(&exported)).unwrap(), exported);
    }

    #[test]
    fn a_file_that_was_cut_anywhere_is_refused() {
        let file = written(&exported());
        for length in 0..file.len() {
            assert!(read(&mut &file[..length]).is_err(), "{length} bytes were taken");
        }
        assert!(fault(&file[..file.len() - 1]).contains("component 2 has 49 of 50 bytes"));
        assert!(fault(&file[..file.len() - 51]).contains("component 1 has 99 of 100 bytes"));
        assert!(fault(&file[..30]).contains("first line"));
        assert!(fault(b"").contains("empty"));
    }

    #[test]
    fn a_byte_that_was_changed_anywhere_is_found() {
        for file in [written(&exported()), written(&signed())] {
            for place in 0..file.len() {
                let mut changed = file.clone();
                changed[place] ^= 1;
                assert!(read(&mut &*changed).is_err(), "the change at {place} was taken");
            }
        }
        let mut more = written(&exported());
        more.push(0);
        assert!(fault(&more).contains("more"));
    }

    #[test]
    fn signatures_travel_with_their_components_and_a_file_without_any_is_as_before() {
        let exported = signed();
        assert_eq!(read(&mut &*written(&exported)).unwrap(), exported);
        let head =
            |file: Vec<u8>| String::from_utf8_lossy(&file).lines().next().unwrap().to_owned();
        let (unsigned, signed) = (head(written(&self::exported())), head(written(&exported)));
        assert!(unsigned.starts_with("{\"auth_host_release\":1,"), "{unsigned}");
        assert!(!unsigned.contains("signatures"), "{unsigned}");
        // A host of before names the format, and what to do.
        assert!(signed.starts_with("{\"auth_host_release\":2,"), "{signed}");
        for (file, of, as_if) in [(written(&self::exported()), 1, 2), (written(&exported), 2, 1)] {
            let other = String::from_utf8_lossy(&file).replacen(
                &format!("release\":{of}"),
                &format!("release\":{as_if}"),
                1,
            );
            assert!(fault(other.as_bytes()).contains("was changed"), "{of}");
        }
    }

    #[test]
    fn what_is_no_signature_of_its_component_is_refused() {
        let with = |line: String| {
            let mut exported = signed();
            exported.release.components[1].signatures.push(line);
            fault(&written(&exported))
        };
        let (own, other) = (hex::sha256(&[2; 50]), hex::sha256(&[1; 100]));
        let cut = signature(&own).split_at(200).0.to_owned();
        let more = signature(&own).replace("1.2.0", "1.2.1");
        for (line, reason) in [
            (signature(&other), &*format!("it is of the component {other}")),
            (cut, "cut off"),
            (more, "its key did not make it"),
            (String::new(), "no signature"),
        ] {
            let told = with(line);
            assert!(told.starts_with("a signature of component 2 is none of it"), "{told}");
            assert!(told.contains(reason), "{reason}: {told}");
        }
        let mut exported = signed();
        exported.release.components[0].signatures = vec![signature(&other); 17];
        assert!(fault(&written(&exported)).contains("component 1 is said to have 17 signatures"));
    }

    #[test]
    fn other_files_and_later_formats_are_told_apart() {
        assert!(fault(b"\0asm").contains("no exported release"));
        assert!(fault(b"{}\n").contains("no exported release"));
        assert!(fault(b"{\"auth_host_release\":3,\"new\":1}\n").contains("format 3"));
        assert!(fault(b"{\"auth_host_release\":1}\n").contains("first line"));
    }

    #[test]
    fn sizes_are_bounded_before_anything_is_read() {
        let mut exported = exported();
        exported.release.components[0].size = MAX_COMPONENT_BYTES + 1;
        assert!(fault(&written(&exported)).contains("33554433 bytes"));
        exported.release.components.clear();
        assert!(fault(&written(&exported)).contains("0 components"));
        exported.release.settings = " ".repeat(1 << 20);
        let told = write(&mut Vec::new(), &exported).unwrap_err().to_string();
        assert!(told.contains("too long"), "{told}");
        let endless = std::io::repeat(b'x').take(MAX_HEAD_BYTES * 2);
        assert!(matches!(read(&mut { endless }), Err(ExportFault::Another)));
    }
}
