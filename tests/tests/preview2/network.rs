//! What components may use of the network: by options, on the loopback interface.

use super::{expected, guest};
use precast_tests::binaries::precast_run;
use precast_tests::outcome::{Outcome, run};
use std::io::{Read, Write};
use std::net::{TcpListener, UdpSocket};
use std::thread;

fn with(options: &[&str], arguments: &[&str]) -> Outcome {
    run(precast_run().args(options).arg(guest()).arg("network").args(arguments))
}

#[test]
fn sockets_that_were_granted_do_what_they_do_elsewhere() {
    with(&["--inherit-network"], &["granted"]).succeeds().prints(expected("granted"));
    let narrow = [
        "--tcp-listen=127.0.0.1:*",
        "--tcp-connect=127.0.0.1:*",
        "--udp-bind=127.0.0.1:*",
        "--udp-connect=127.0.0.1:*",
        "--allow-ip-name-lookup",
    ];
    with(&narrow, &["granted"]).succeeds().prints(expected("granted"));
}

/// Every function in every state of a socket, every kind of address, every option.
#[test]
fn every_state_of_a_socket() {
    for kind in ["tcp", "udp"] {
        with(&["--inherit-network"], &[kind]).succeeds().prints(expected(kind));
    }
}

#[test]
fn without_a_grant_everything_is_refused_inside_of_the_functions() {
    with(&[], &["refused"]).succeeds().prints(expected("refused"));
    // Nor does a grant of something else help.
    let others =
        ["--tcp-connect=127.0.0.1:10", "--tcp-listen=127.0.0.1:10", "--udp-bind=127.0.0.1:10"];
    with(&others, &["refused"]).succeeds().prints(expected("refused"));
}

/// Answers one connection.
fn answer_tcp() -> (u16, thread::JoinHandle<Vec<u8>>) {
    let server = TcpListener::bind("127.0.0.1:0").expect("a server");
    let port = server.local_addr().expect("an address").port();
    let answer = thread::spawn(move || {
        let (mut stream, _) = server.accept().expect("a connection");
        let mut asked = [0; 4];
        stream.read_exact(&mut asked).expect("a question");
        stream.write_all(b"pong").expect("an answer");
        asked.to_vec()
    });
    (port, answer)
}

#[test]
fn a_guest_talks_to_the_address_that_it_was_granted() {
    for host in ["127.0.0.1", "localhost"] {
        let (port, answer) = answer_tcp();
        let option = format!("--tcp-connect={host}:{port}");
        with(&[&option], &["tcp", &port.to_string()]).succeeds().prints("connect: ok\npong\n");
        assert_eq!(answer.join().expect("a server"), b"ping");
    }
    // Another port is another address.
    let server = TcpListener::bind("127.0.0.1:0").expect("a server");
    let port = server.local_addr().expect("an address").port();
    let option = format!("--tcp-connect=127.0.0.1:{}", port ^ 1);
    with(&[&option], &["tcp", &port.to_string()]).exits(3).prints("connect: access-denied\n");
}

#[test]
fn datagrams_go_where_they_may_and_come_from_there() {
    let server = UdpSocket::bind("127.0.0.1:0").expect("a server");
    let other = UdpSocket::bind("127.0.0.1:0").expect("somebody else");
    let port = server.local_addr().expect("an address").port();
    let answer = thread::spawn(move || {
        let mut asked = [0; 10];
        let (len, from) = server.recv_from(&mut asked).expect("a question");
        // Whoever was not granted is not heard.
        other.send_to(b"stranger", from).expect("a datagram");
        server.send_to(b"pong", from).expect("an answer");
        asked[..len].to_vec()
    });
    let option = format!("--udp-connect=127.0.0.1:{port}");
    let text =
        "udp bind: ok\nudp stream: ok\nudp send elsewhere: access-denied\nudp send: ok\npong\n";
    with(&[&option], &["udp", &port.to_string()]).succeeds().prints(text);
    assert_eq!(answer.join().expect("a server"), b"ping");
    with(&[], &["udp", "9"]).exits(3).prints("udp bind: access-denied\n");
}

#[test]
fn what_is_no_address_is_said_with_the_option() {
    let refused = |option: &str| with(&[option], &["refused"]).exits(1);
    refused("--tcp-connect=example").complains(&["--tcp-connect example", "HOST:PORT"]);
    refused("--udp-bind=127.0.0.1:http").complains(&["--udp-bind 127.0.0.1:http", "HOST:PORT"]);
    refused("--tcp-listen=no-such-host.invalid:1")
        .complains(&["--tcp-listen no-such-host.invalid"]);
}
