//! Keys and signatures as other programs write them, and what is wrong with them.

use super::*;

/// Made by `ssh-keygen -t ed25519`; the example of the crate `ssh-key`.
const OPENSSH: &str = "-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW
QyNTUxOQAAACCzPq7zfqLffKoBDe/eo04kH2XxtSmk9D7RQyf1xUqrYgAAAJgAIAxdACAM
XQAAAAtzc2gtZWQyNTUxOQAAACCzPq7zfqLffKoBDe/eo04kH2XxtSmk9D7RQyf1xUqrYg
AAAEC2BsIi0QwW2uFscKTUUXNHLsYX4FxlaSDSblbAj7WR7bM+rvN+ot98qgEN796jTiQf
ZfG1KaT0PtFDJ/XFSqtiAAAAEHVzZXJAZXhhbXBsZS5jb20BAgMEBQ==
-----END OPENSSH PRIVATE KEY-----
";
const PUBLIC: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILM+rvN+ot98qgEN796jTiQfZfG1KaT0PtFDJ/XFSqti";

/// RFC 8410, section 10.3: the same key in PKCS#8 of version 1 and 2, and its public half.
const PKCS8: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC
-----END PRIVATE KEY-----
";
const SPKI: &str = "-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=
-----END PUBLIC KEY-----
";

fn statement() -> Statement {
    Statement {
        component: crate::hex::sha256(b"component"),
        place: "login".to_owned(),
        name: "guarded".to_owned(),
        version: "1.2.0".to_owned(),
    }
}

/// What reading a private key says.
fn refusal(text: &str) -> String {
    PrivateKey::read(text).err().map(|fault| fault.to_string()).unwrap_or_default()
}

#[test]
fn a_key_is_the_same_in_the_forms_of_openssh_and_pem() {
    let key = PrivateKey::read(OPENSSH).unwrap();
    assert_eq!(key.public().openssh(), PUBLIC);
    assert_eq!(key.public().fingerprint(), "SHA256:UCUiLr7Pjs9wFFJMDByLgc3NrtdU344OgUM45wZPcIQ");
    let with_comment = format!("\n{PUBLIC} somebody at example.com\n");
    assert_eq!(PublicKey::read(&with_comment).unwrap(), key.public());
    let key = PrivateKey::read(PKCS8).unwrap();
    assert_eq!(key.public(), PublicKey::read(SPKI).unwrap());
    assert_eq!(key.pem().as_str(), PKCS8);
    let new = PrivateKey::generate();
    assert_eq!(PrivateKey::read(&new.pem()).unwrap().public(), new.public());
    assert_eq!(PublicKey::read(&new.public().openssh()).unwrap(), new.public());
}

#[test]
fn a_signature_is_the_one_of_the_rfc() {
    // Ed25519 signs the same bytes the same way; this was made by `openssl pkeyutl -sign -rawin`.
    let signature = PrivateKey::read(PKCS8).unwrap().sign(&statement());
    assert_eq!(
        String::from_utf8(statement().bytes()).unwrap(),
        format!(
            "auth-host policy signature 1\ncomponent sha256:{}\nplace login\nname guarded\n\
             version 1.2.0\n",
            statement().component
        )
    );
    assert_eq!(Signature::read(&signature.line()).unwrap(), signature);
    signature.holds_for(&statement()).unwrap();
}

#[test]
fn keys_of_other_kinds_and_what_is_no_key_are_told_apart() {
    for (text, word) in [
        ("", "no private key"),
        ("hello", "no private key"),
        (PUBLIC, "it is a public key"),
        (SPKI, "it is a public key"),
        ("-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n", "RSA"),
        ("-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n", "ECDSA"),
        (
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
            "passphrase",
        ),
        (&PKCS8[..60], "cut off"),
        (&PKCS8.replace("EdVhC", "EdVh"), "cut off"),
        (&PKCS8.replace("INTu", "INT\u{fffd}"), "cut off"),
        (&format!("{PKCS8}{PKCS8}"), "more than one key"),
        (&OPENSSH[..200], "cut off"),
        (&OPENSSH.replace("AAAEC2", "AAAEC3"), "cut off"),
    ] {
        let refusal = refusal(text);
        assert!(refusal.contains(word), "{text}: {refusal}");
    }
    for (text, word) in [
        ("", "no public key"),
        ("ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQ", "RSA"),
        ("ecdsa-sha2-nistp256 AAAA", "ECDSA"),
        ("sk-ssh-ed25519@openssh.com AAAA", "hardware"),
        ("ssh-ed25519-cert-v01@openssh.com AAAA", "certificate"),
        ("ssh-ed25519", "cut off"),
        (&PUBLIC[..PUBLIC.len() - 4], "cut off"),
        (&PUBLIC[..PUBLIC.len() - 1], "cut off"),
        (&format!("{PUBLIC}AAAA"), "cut off"),
        (&format!("{PUBLIC}\n{PUBLIC}"), "more than one line"),
        (OPENSSH, "it is a private key"),
        (PKCS8, "it is a private key"),
        (&SPKI.replace("K2Vw", "K2Vx"), "Ed448"),
    ] {
        let refusal = PublicKey::read(text).unwrap_err().to_string();
        assert!(refusal.contains(word), "{text}: {refusal}");
        assert!(!refusal.contains("AAAAC3"), "it tells the key: {refusal}");
    }
}

#[test]
fn a_point_that_anybody_can_sign_for_is_no_key() {
    for sign in [0, 0x80] {
        let mut neutral = [0; 32];
        (neutral[0], neutral[31]) = (1, sign);
        let line = PublicKey::from_bytes(neutral).openssh();
        let refusal = PublicKey::read(&line).unwrap_err().to_string();
        assert!(refusal.contains("anybody"), "{refusal}");
    }
}

#[test]
fn a_signature_holds_for_what_was_signed_and_for_nothing_else() {
    let signature = PrivateKey::read(PKCS8).unwrap().sign(&statement());
    let with = |change: fn(&mut Statement)| {
        let mut other = statement();
        change(&mut other);
        other
    };
    for (other, word) in [
        (with(|of| of.component = crate::hex::sha256(b"other")), "another component"),
        (with(|of| of.place = "register".to_owned()), "the place login"),
        (with(|of| of.version = "1.2.1".to_owned()), "guarded 1.2.0"),
        (with(|of| of.name = "open".to_owned()), "guarded 1.2.0"),
    ] {
        let refusal = signature.holds_for(&other).unwrap_err().to_string();
        assert!(refusal.contains(word), "{refusal}");
        // Nor does it if it says that it is of the other one.
        let forged = Signature { statement: other.clone(), ..signature.clone() };
        let refusal = forged.holds_for(&other).unwrap_err().to_string();
        assert!(refusal.contains("did not make it"), "{refusal}");
    }
    let others = Signature { key: PrivateKey::generate().public(), ..signature.clone() };
    others.holds_for(&statement()).unwrap_err();
    for byte in [0, 31, 32, 63] {
        let mut changed = signature.clone();
        changed.signature[byte] ^= 1;
        changed.holds_for(&statement()).unwrap_err();
    }
}

#[test]
fn a_line_is_read_strictly_and_every_wrong_one_is_told_by_its_number() {
    let line = PrivateKey::read(PKCS8).unwrap().sign(&statement()).line();
    let end = line.rfind("\"}").unwrap();
    for (wrong, word) in [
        (line[..line.len() - 5].to_owned(), "cut off"),
        (format!("{}\"}}", &line[..end - 4]), "63 bytes"),
        (format!("{}\"}}", &line[..end - 3]), "no Base64"),
        (line.replace("==\"}", "\"}"), "no Base64"),
        (line.replacen("ature\":1", "ature\":2", 1), "the form 2"),
        (line.replacen("\"place\"", "\"more\":1,\"place\"", 1), "unknown field"),
        (line.replacen("\"place\"", "\"place\":\"register\",\"place\"", 1), "duplicate field"),
        (line.replacen("login", "login\\nname open", 1), "its place"),
        (line.replacen("1.2.0", "1.2.0\\n", 1), "its version"),
        (line.replacen("guarded", "", 1), "its name"),
        (line.replacen("ssh-ed25519 ", "ssh-ed25519  ", 1), "its key"),
        (line.replacen("ssh-ed25519", "ssh-rsa", 1), "RSA"),
        (line.replacen(&statement().component, "abc", 1), "64 hexadecimal digits"),
        (format!("{line} {line}"), "no signature"),
        (format!("{}{}", " ".repeat(1024), line), "more than 1024"),
    ] {
        let refusal = Signature::read(&wrong).unwrap_err().to_string();
        assert!(refusal.contains(word), "{wrong}: {refusal}");
    }
    let refusal = read_lines(&format!("{line}\n\n{line}\nx\n{}", &line[..40])).unwrap_err();
    let refusal = refusal.to_string();
    assert!(refusal.contains("line 4: ") && refusal.contains("line 5: "), "{refusal}");
    let many = format!("{line}\n").repeat(MOST_SIGNATURES + 1);
    assert!(read_lines(&many).unwrap_err().to_string().contains("more than 16"));
}

#[test]
fn a_file_holds_one_signature_of_each_key() {
    let (ann, bob) = (PrivateKey::generate(), PrivateKey::generate());
    let mut other = statement();
    other.version = "1.1.0".to_owned();
    let all = [ann.sign(&other), bob.sign(&statement()), ann.sign(&statement())];
    let text = write_lines(&all);
    assert_eq!(read_lines(&text).unwrap(), &all[1..]);
    assert!(text.ends_with("\"}\n"));
    assert_eq!(read_lines("").unwrap(), []);
}
