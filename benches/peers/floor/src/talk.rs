//! Socket.IO packets of the chat: found by searching, answered by copying.

use std::{io::Write, rc::Rc};

use memchr::{memchr, memmem};

use crate::{
    frame,
    hub::{Hub, Peer},
};

const SEND: &[u8] = br#"["chat:message:send",{"#;

/// Answers a packet.
pub(crate) fn take(hub: &Hub, peer: &Rc<Peer>, packet: &[u8]) {
    let mut out = Vec::new();
    if packet.starts_with(b"40/chat,") {
        let number = peer.number;
        write(&mut out, |it| write!(it, r#"40/chat,{{"sid":"{number:020}"}}"#));
        hub.put(peer, &out);
        return;
    }
    let Some(rest) = packet.strip_prefix(b"42/chat,") else { return };
    let digits = rest.iter().take_while(|it| it.is_ascii_digit()).count();
    let (ack, event) = rest.split_at(digits);
    let Some(room) = field(event, br#""roomId":""#) else { return };
    let Some(fields) = event.strip_prefix(SEND).and_then(|it| it.strip_suffix(b"}]")) else {
        hub.join(room, peer);
        answer(hub, peer, ack, &mut out, b"");
        return;
    };
    // The rest of what the other servers send, so that the frames are as long.
    let (number, sender) = (hub.next(), peer.number);
    let mut message = Vec::new();
    let _ = write!(
        message,
        r#""id":"00000000-0000-7000-8000-{number:012}","senderId":"00000000-0000-4000-8000-{sender:012}","conversationId":"00000000-0000-7000-8000-000000000000","role":"user","type":"chat","formatting":"plain","metadata":{{}},"deliveryStatus":"delivered","timestamp":"2026-01-01T00:00:00.000Z","#
    );
    message.extend(fields);
    write(&mut out, |it| {
        it.extend(br#"42/chat,["chat:message:received",{"#);
        it.extend(&message);
        it.extend(br#","version":"1.0"}]"#);
        Ok(())
    });
    hub.put_to_room(room, &out);
    answer(hub, peer, ack, &mut out, &message);
}

fn answer(hub: &Hub, peer: &Rc<Peer>, ack: &[u8], out: &mut Vec<u8>, fields: &[u8]) {
    write(out, |it| {
        it.extend(b"43/chat,");
        it.extend(ack);
        it.extend(br#"[{"status":"ok","data":{"#);
        it.extend(fields);
        it.extend(b"}}]");
        Ok(())
    });
    hub.put(peer, out);
}

/// Writing to a vector does not fail.
fn write(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>) -> std::io::Result<()>) {
    frame::text(out, |it| {
        let _ = write(it);
    });
}

fn field<'a>(json: &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
    let start = memmem::find(json, key)? + key.len();
    Some(&json[start..start + memchr(b'"', &json[start..])?])
}
