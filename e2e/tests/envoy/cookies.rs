//! Cookie headers as nobody should send them, and as the application must get them.

use std::sync::{Arc, Mutex};

use e2e::{APP, Habits, Person, World, h2_connection};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

const SESSION: &str = "__Host-edge_oidc";

/// An application that keeps the bytes of every request.
struct Tap(std::net::SocketAddr, Arc<Mutex<Vec<Vec<u8>>>>);

impl Tap {
    async fn start() -> Tap {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (addr, heads) = (listener.local_addr().unwrap(), Arc::<Mutex<Vec<Vec<u8>>>>::default());
        let kept = Arc::clone(&heads);
        tokio::spawn(async move {
            while let Ok((mut tcp, _)) = listener.accept().await {
                let mut read = Vec::new();
                while !read.ends_with(b"\r\n\r\n") && tcp.read_buf(&mut read).await.unwrap_or(0) > 0 {}
                kept.lock().unwrap().push(read);
                let _ = tcp.write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n").await;
            }
        });
        Tap(addr, heads)
    }

    /// The values of all Cookie lines of the latest request.
    fn cookie_lines(&self) -> Vec<Vec<u8>> {
        let head = self.1.lock().unwrap().last().cloned().expect("no request");
        let lines = head.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
        lines.filter_map(|line| line.strip_prefix(b"cookie: ").map(<[u8]>::to_vec)).collect()
    }
}

fn request(path: &str, cookie_lines: &[&[u8]]) -> Vec<u8> {
    let mut bytes = format!("GET {path} HTTP/1.1\r\nhost: {APP}\r\naccept: text/html\r\n").into_bytes();
    for line in cookie_lines {
        bytes.extend([b"cookie: ".as_slice(), line, b"\r\n"].concat());
    }
    bytes.extend(b"\r\n");
    bytes
}

/// Signs in by the bare steps, for an application that shows nothing.
async fn signed_in(world: &World) -> Person {
    let ada = world.person();
    let callback = ada.approve("ada", &ada.begin("/").await).await;
    ada.look(callback.as_str()).await.expect(302);
    ada
}

#[tokio::test]
async fn ours_go_and_all_others_arrive_byte_for_byte() {
    let tap = Tap::start().await;
    let mut world = World::builder().app(tap.0).start().await;
    let ours = signed_in(&world).await.cookie_header().into_bytes();
    let attempt = format!("{SESSION}_a_AAAAAAAAAAAAAAAA=x").into_bytes();
    let others: &[&[u8]] = &[
        b"a=1; b=2",
        b"a=\xff\xfe\x80; \xe4=1",
        b"a=\"q; x=y\";;b ; =c; d=;e==f",
        b"  spaced = 1 ;\tt=2",
        b"__host-edge_oidc=1; __Host-edge_oidcx=2; xx__Host-edge_oidc=3",
    ];
    let mut raw = world.raw().await;
    for other in others {
        let trimmed = other.trim_ascii();
        for line in [[trimmed, b"; ", &ours].concat(), [&ours, b"; ".as_slice(), trimmed, b"; ", &attempt].concat()] {
            assert_eq!(raw.ask(request("/", &[&line])).await.status, 204);
            assert_eq!(tap.cookie_lines(), [trimmed.to_vec()], "{}", String::from_utf8_lossy(&line));
        }
    }
    assert_eq!(raw.ask(request("/", &[b"a=1", &ours, b"b=\x80"])).await.status, 204);
    assert_eq!(tap.cookie_lines(), [b"a=1".to_vec(), b"b=\x80".to_vec()], "lines stay lines (T-45)");
    assert_eq!(raw.ask(request("/healthz", &[b"a=1; c=\xff", &ours])).await.status, 204);
    assert_eq!(tap.cookie_lines(), [b"a=1; c=\xff".to_vec()], "on a public path as well");
    world.assert_no_vm_died().await;
}

#[tokio::test]
async fn any_byte_in_a_cookie_of_a_stranger_is_answered_with_a_redirect() {
    let mut world = World::builder().workers(2).start().await;
    for _ in 0..4 {
        let mut raw = world.raw().await;
        for line in [
            b"a=\xff".as_slice(),
            b"\x80\x81\x82",
            b"__Host-edge_oidc=\xff\xff",
            b"__Host-edge_oidc_a_\xfe=1",
            b";;;=;\x80=",
        ] {
            let answer = raw.ask(request("/x", &[line])).await;
            assert_eq!(answer.status, 302, "{line:?}: {}", answer.head);
        }
    }
    assert_eq!(world.upstream.hits(), 0);
    world.assert_all_workers_alive().await;
}

#[tokio::test]
async fn a_hundred_kilobytes_of_cookies_are_no_trouble() {
    let mut world =
        World::builder().workers(2).http_manager(|http| http["max_request_headers_kb"] = 400.into()).start().await;
    let ada = world.person();
    let foreign: Vec<_> = (0..100).map(|n| (format!("foreign{n}"), "v".repeat(1000))).collect();
    foreign.iter().for_each(|(name, value)| ada.set_cookie(name, value));
    let landing = ada.sign_in("ada", "/full").await;
    assert_eq!(
        landing.upstream.header("cookie").unwrap().len(),
        foreign.iter().map(|(n, v)| n.len() + v.len() + 3).sum::<usize>() - 2
    );
    for n in 0..100 {
        ada.set_cookie(&format!("{SESSION}_a_{n:016}"), "v".repeat(1000));
        ada.set_cookie(&format!("{SESSION}_{n}"), "v".repeat(1000));
    }
    ada.forget_cookie(SESSION);
    ada.forget_cookie(&format!("{SESSION}_landed"));
    ada.look("/full").await.expect(302).expect_not_forwarded();
    world.assert_all_workers_alive().await;
}

#[tokio::test]
async fn ninety_cookie_headers_of_http_2_are_one_set_of_cookies() {
    let mut world = World::builder().workers(2).start().await;
    let ada = world.person_with(Habits::default().http2());
    (0..89).for_each(|n| ada.set_cookie(&format!("c{n}"), format!("{n}")));
    let landing = ada.sign_in("ada", "/crumbs").await;
    let pieces: Vec<_> =
        landing.upstream.all("cookie").into_iter().flat_map(|line| line.split("; ")).map(str::to_owned).collect();
    assert_eq!(pieces, (0..89).map(|n| format!("c{n}={n}")).collect::<Vec<_>>());
    world.assert_all_workers_alive().await;
}

#[tokio::test]
async fn odd_cookie_bytes_over_http_2_are_no_trouble() {
    let mut world = World::start().await;
    let mut h2 = h2_connection(&world.net, APP).await;
    let request = http::Request::get(format!("https://{APP}/x"))
        .header("cookie", http::HeaderValue::from_bytes(b"\xff=\xfe").unwrap())
        .header("cookie", http::HeaderValue::from_bytes(b"__Host-edge_oidc=\x80").unwrap());
    let (answer, _) = h2.send_request(request.body(()).unwrap(), true).unwrap();
    assert_eq!(answer.await.unwrap().status(), 401);
    world.assert_all_workers_alive().await;
}
