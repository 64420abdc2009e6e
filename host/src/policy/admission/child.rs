//! The process that admits one component, from outside: started, asked, and ended. Whoever stops
//! waiting for it ends it, too.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, ChildStdin, Command};
use tokio::time::timeout;

use super::child_fault::ChildFault;
use super::fault::{Fault, Faults};
use super::job::{self, Answer, Job, MAX_COMPILED_BYTES, MAX_JSON_BYTES};
use super::report::AdmissionReport;
use super::settings::AdmissionSettings;

/// One that has closed its outputs is about to end.
const END_TIME: Duration = Duration::from_secs(1);
/// So many bytes of what it writes to its standard error are looked at.
const ERROR_BYTES: u64 = 4096;

/// What passed, and the compiled form if it was asked for.
pub(super) struct Passed {
    pub report: AdmissionReport,
    pub compiled: Vec<u8>,
}

/// Has a process of its own do a job.
pub(super) async fn admit(
    settings: &AdmissionSettings,
    job: &Job,
    bytes: &[u8],
) -> Result<Passed, Faults> {
    let asked = serde_json::to_vec(job).map_err(|_| Fault::Unfinished)?;
    let mut child = start(settings).map_err(ChildFault::Start)?;
    let conversation = timeout(settings.time, talk(&mut child, &asked, bytes)).await;
    let Ok((answer, errors)) = conversation else {
        let _ = child.kill().await;
        return Err(ChildFault::Time(settings.time).into());
    };
    if !errors.is_empty() {
        tracing::debug!(errors, "the process that admits a component said");
    }
    match answer {
        Ok((Answer::Passed { report }, compiled)) => {
            // It has nothing more to do.
            let _ = child.kill().await;
            Ok(Passed { report: *report, compiled })
        }
        Ok((Answer::Refused { faults }, _)) => {
            let _ = child.kill().await;
            Err(faults.into())
        }
        Err(error) => Err(ended(settings, &mut child, &errors, &error).await.into()),
    }
}

fn start(settings: &AdmissionSettings) -> std::io::Result<Child> {
    Command::new(&settings.program)
        .args(["policy", "admit-one"])
        .args(["--memory-mib", &settings.memory_mib.to_string()])
        .args(["--processor-seconds", &settings.processor_seconds.to_string()])
        // No secret of the host's is in reach of what reads hostile bytes.
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
}

type Answered = std::io::Result<(Answer, Vec<u8>)>;

/// Asks and listens at once, so that neither side waits for the other to read. With what it wrote
/// to its standard error, on one line.
async fn talk(child: &mut Child, asked: &[u8], bytes: &[u8]) -> (Answered, String) {
    let (input, output) = (child.stdin.take(), child.stdout.take());
    let (Some(input), Some(output)) = (input, output) else {
        return (Err(std::io::Error::other("no pipes")), String::new());
    };
    let errors = child.stderr.take();
    let conversation = async {
        // Open until it has answered: it ends with its standard input.
        let (input, answer) = tokio::join!(ask(input, asked, bytes), answer(output));
        drop(input);
        answer
    };
    tokio::join!(conversation, async {
        match errors {
            Some(errors) => last_words(errors).await,
            None => String::new(),
        }
    })
}

/// Why nothing could be written is told by how the process ended.
async fn ask(mut input: ChildStdin, asked: &[u8], bytes: &[u8]) -> ChildStdin {
    for part in [asked, bytes] {
        let length = (part.len() as u64).to_le_bytes();
        if input.write_all(&length).await.is_err() || input.write_all(part).await.is_err() {
            break;
        }
    }
    input
}

async fn answer(mut output: impl AsyncRead + Unpin) -> Answered {
    let answer = serde_json::from_slice(&frame(&mut output, MAX_JSON_BYTES).await?)?;
    Ok((answer, frame(&mut output, MAX_COMPILED_BYTES).await?))
}

async fn frame(output: &mut (impl AsyncRead + Unpin), most: u64) -> std::io::Result<Vec<u8>> {
    let mut length = [0; 8];
    output.read_exact(&mut length).await?;
    let length = job::length_within(length, most)?;
    let mut bytes = Vec::new();
    // What was only announced takes no memory.
    output.take(length as u64).read_to_end(&mut bytes).await?;
    if bytes.len() < length {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    Ok(bytes)
}

async fn last_words(mut errors: impl AsyncRead + Unpin) -> String {
    let mut bytes = Vec::new();
    let _ = (&mut errors).take(ERROR_BYTES).read_to_end(&mut bytes).await;
    // It must not wait for somebody to read the rest.
    let _ = tokio::io::copy(&mut errors, &mut tokio::io::sink()).await;
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines.join("; ").chars().filter(|c| !c.is_control()).take(300).collect()
}

/// Why it did not answer.
async fn ended(
    settings: &AdmissionSettings,
    child: &mut Child,
    errors: &str,
    error: &std::io::Error,
) -> ChildFault {
    if error.kind() != std::io::ErrorKind::UnexpectedEof {
        let _ = child.kill().await;
        return ChildFault::Answer(error.to_string());
    }
    let Ok(ended) = timeout(END_TIME, child.wait()).await else {
        let _ = child.kill().await;
        return ChildFault::Answer(error.to_string());
    };
    match ended {
        Ok(status) => {
            ChildFault::of(status, errors, settings.processor_seconds, settings.memory_mib)
        }
        Err(error) => ChildFault::Start(error),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::contract::{Limits, Slot};
    use crate::policy::admission::job::{Bounds, Work};

    #[tokio::test]
    async fn one_that_closes_its_outputs_and_goes_on_is_ended() {
        let folder = tempfile::TempDir::new().unwrap();
        let program = folder.path().join("program");
        std::fs::write(&program, "#!/bin/sh\nexec >&- 2>&-\nexec /bin/sleep 1000\n").unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o700)).unwrap();
        let settings = AdmissionSettings {
            program,
            time: Duration::from_secs(1000),
            processor_seconds: 1,
            memory_mib: 1,
            stillness: Duration::ZERO,
        };
        let job = Job {
            slot: Some(Slot::Login),
            settings: None,
            work: Work::Check,
            bounds: Bounds::of(&Limits::default()),
        };
        let outcome = timeout(Duration::from_mins(1), admit(&settings, &job, &[])).await;
        let faults = outcome.expect("it is waited for").err().unwrap();
        assert!(faults.to_string().contains("cannot be read"), "{faults}");
    }
}
