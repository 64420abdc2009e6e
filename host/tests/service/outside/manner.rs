//! How a service outside behaves: well, or as a test wants it.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{self, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use super::gzip::bomb;

/// What it was asked.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) target: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn path(&self) -> &str {
        self.target.split('?').next().unwrap()
    }
}

/// What it answers.
#[derive(Debug, Clone, Default)]
pub(crate) struct Said {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Said {
    pub(crate) fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: Vec::new(), body: body.into() }
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }
}

/// How it behaves at a path.
#[derive(Clone)]
pub(crate) enum Manner {
    Answers(Said),
    /// As a function of what it is asked.
    Computes(Arc<dyn Fn(&Asked) -> Said + Send + Sync>),
    /// Reads the request, and that is all.
    NeverAnswers,
    /// A byte of the head a second.
    DripsItsHead,
    /// A head at once, and then a byte of the body a second.
    DripsItsBody,
    /// So many bytes, as fast as they are taken; it does not say how many.
    Sends(u64),
    /// The same, and it says so.
    Announces(u64),
    /// So many bytes when they are inflated.
    GzipBomb(u64),
    HeadersWithoutEnd,
    /// One header of so many bytes.
    LongHeader(usize),
    /// Less of the body than it announced.
    ClosesEarly,
    /// Not a byte.
    HangsUp,
    /// What is no HTTP.
    Babbles,
}

impl Manner {
    pub(crate) fn answers(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self::Answers(Said::new(status, body))
    }

    pub(crate) fn redirects(status: u16, to: &str) -> Self {
        Self::Answers(Said::new(status, "").header("location", to))
    }

    pub(crate) fn computes(answer: impl Fn(&Asked) -> Said + Send + Sync + 'static) -> Self {
        Self::Computes(Arc::new(answer))
    }
}

/// All that is no plain answer.
pub(super) async fn misbehave(
    manner: Manner,
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
) -> io::Result<()> {
    const UNTIL_THE_END: &str = "HTTP/1.1 200 OK\r\nconnection: close\r\n";
    match manner {
        Manner::Answers(_) | Manner::Computes(_) | Manner::HangsUp => return Ok(()),
        Manner::NeverAnswers => {}
        Manner::DripsItsHead => drip(stream, UNTIL_THE_END.as_bytes()).await?,
        Manner::DripsItsBody => {
            stream.write_all(format!("{UNTIL_THE_END}\r\n").as_bytes()).await?;
            drip(stream, &[b'a'; 1024]).await?;
        }
        Manner::Sends(bytes) => {
            stream.write_all(format!("{UNTIL_THE_END}\r\n").as_bytes()).await?;
            return pour(stream, bytes).await;
        }
        Manner::Announces(bytes) => {
            let head = format!("{UNTIL_THE_END}content-length: {bytes}\r\n\r\n");
            stream.write_all(head.as_bytes()).await?;
            return pour(stream, bytes).await;
        }
        Manner::GzipBomb(bytes) => {
            let head = format!("{UNTIL_THE_END}content-encoding: gzip\r\n\r\n");
            stream.write_all(head.as_bytes()).await?;
            stream.write_all(&bomb(bytes)).await?;
            return stream.shutdown().await;
        }
        Manner::HeadersWithoutEnd => {
            stream.write_all(UNTIL_THE_END.as_bytes()).await?;
            for number in 0.. {
                stream.write_all(format!("x-{number}: {}\r\n", "a".repeat(900)).as_bytes()).await?;
            }
        }
        Manner::LongHeader(bytes) => {
            let head = format!("{UNTIL_THE_END}x-long: {}\r\n\r\n", "a".repeat(bytes));
            stream.write_all(head.as_bytes()).await?;
        }
        Manner::ClosesEarly => {
            let head = format!("{UNTIL_THE_END}content-length: 100\r\n\r\nten bytes.");
            stream.write_all(head.as_bytes()).await?;
            return stream.shutdown().await;
        }
        Manner::Babbles => stream.write_all(b"220 mail.example ESMTP\r\n\r\n").await?,
    }
    stream.flush().await?;
    // Until the other side has enough.
    let mut rest = [0; 1024];
    while stream.read(&mut rest).await? > 0 {}
    Ok(())
}

async fn drip(stream: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> io::Result<()> {
    for byte in bytes {
        stream.write_all(&[*byte]).await?;
        stream.flush().await?;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    Ok(())
}

async fn pour(stream: &mut (impl AsyncWrite + Unpin), bytes: u64) -> io::Result<()> {
    io::copy(&mut io::repeat(b'a').take(bytes), stream).await?;
    stream.shutdown().await
}
