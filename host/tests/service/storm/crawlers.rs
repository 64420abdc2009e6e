//! Strangers who take places: clients that crawl, and connections that carry nothing.

use std::pin::pin;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{sleep, timeout};

use super::forces::HELD;
use super::scene::Scene;

const STEP: Duration = Duration::from_millis(700);
/// Who is still connected after that holds a place.
const A_WHILE: Duration = Duration::from_secs(2);
/// The largest answer there is.
const LARGE: &str = "/api/auth/swagger/swagger-ui-bundle.js";

/// How a client crawls.
#[derive(Clone, Copy)]
enum Way {
    HalfHead,
    SlowBody,
    SlowReader,
}

/// So many of each; who is closed comes again, if it crawls.
pub(super) fn begin(scene: &Scene, crawling: usize, idle: usize) {
    for number in 0..crawling {
        let way = [Way::HalfHead, Way::SlowBody, Way::SlowReader][number % 3];
        let own = scene.clone();
        scene.stranger(async move {
            // Not all at the same moment: that would be a flood.
            sleep(Duration::from_millis(number as u64)).await;
            loop {
                watched(&own, "crawlers' connections", crawl(&own, way)).await;
                sleep(STEP).await;
            }
        });
    }
    for number in 0..idle {
        let own = scene.clone();
        scene.stranger(async move {
            sleep(Duration::from_millis(number as u64)).await;
            // Some of them were of use once, as the gateway's are. Where half of the places are
            // taken, such a one is closed after its answer; the others take what is left.
            watched(&own, "idle connections", idle_connection(&own, number % 5 == 0)).await;
        });
    }
}

/// Counts a connection that holds a place, and then what becomes of it.
async fn watched(
    scene: &Scene,
    kind: &'static str,
    connection: impl Future<Output = std::io::Result<()>>,
) {
    let mut connection = pin!(connection);
    let ended = if let Ok(ended) = timeout(A_WHILE, &mut connection).await {
        ended
    } else {
        scene.count(kind, HELD);
        connection.await
    };
    scene.count(kind, if ended.is_ok() { "ended" } else { "broken" });
}

/// Crawls until the service has had enough of it.
async fn crawl(scene: &Scene, way: Way) -> std::io::Result<()> {
    let socket = TcpSocket::new_v4()?;
    if let Way::SlowReader = way {
        socket.set_recv_buffer_size(4096)?;
    }
    let mut stream = socket.connect(scene.address().parse().unwrap()).await?;
    let (first, step) = match way {
        Way::HalfHead => ("POST /auth/login HTTP/1.1\r\nHost: slow\r\nX-Slow: ".to_owned(), "x"),
        Way::SlowBody => {
            let head = "POST /auth/login HTTP/1.1\r\nHost: slow\r\nContent-Type: application/json";
            (format!("{head}\r\nContent-Length: 60000\r\n\r\n{{"), " ")
        }
        Way::SlowReader => (format!("GET {LARGE} HTTP/1.1\r\nHost: slow\r\n\r\n"), ""),
    };
    stream.write_all(first.as_bytes()).await?;
    let mut buffer = [0; 512];
    loop {
        if !step.is_empty() {
            stream.write_all(step.as_bytes()).await?;
        }
        match timeout(STEP, stream.read(&mut buffer)).await {
            Ok(Ok(0)) => return Ok(()),
            Ok(Ok(_)) => sleep(STEP).await,
            Ok(Err(fault)) => return Err(fault),
            Err(_) => {}
        }
    }
}

/// Waits for its end.
async fn idle_connection(scene: &Scene, asks: bool) -> std::io::Result<()> {
    let mut stream = TcpStream::connect(scene.address()).await?;
    if asks {
        stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: idle\r\n\r\n").await?;
    }
    let mut buffer = [0; 512];
    while stream.read(&mut buffer).await? > 0 {}
    Ok(())
}
