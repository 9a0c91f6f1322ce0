//! A rust-analyzer that is talked to as editors do: JSON-RPC over its standard streams.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("`{0}` does not start: {1}; RUST_ANALYZER names another")]
    Start(String, io::Error),
    #[error("rust-analyzer cannot be talked to: {0}")]
    Stream(#[from] io::Error),
    #[error("rust-analyzer ends in the middle of a message")]
    Ended,
    #[error("rust-analyzer does not speak JSON: {0}")]
    Json(#[from] serde_json::Error),
    #[error("rust-analyzer refuses {0}: {1}")]
    Refused(String, Value),
}

pub(crate) struct Server {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    next: u64,
}

impl Server {
    /// Starts it on the package in `root`, and waits until it has read all of it and
    /// loaded the macros.
    pub(crate) fn start(program: &str, root: &Path) -> Result<Server, Error> {
        let mut child = Command::new(program)
            .current_dir(root)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| Error::Start(program.to_owned(), error))?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(Error::Ended);
        };
        let output = BufReader::new(output);
        let mut server = Server {
            child,
            input,
            output,
            next: 0,
        };
        let initialize = json!({
            "processId": std::process::id(),
            "rootUri": uri(root),
            "capabilities": {
                "experimental": { "serverStatusNotification": true },
                "workspace": { "configuration": false },
            },
            "initializationOptions": { "checkOnSave": false, "cachePriming": { "enable": false } },
        });
        server.ask("initialize", &initialize)?;
        server.send(&json!({ "jsonrpc": "2.0", "method": "initialized", "params": {} }))?;
        loop {
            let message = server.receive()?;
            if message["method"] == "experimental/serverStatus"
                && message["params"]["quiescent"] == true
            {
                return Ok(server);
            }
            server.answer(&message)?;
        }
    }

    pub(crate) fn open(&mut self, file: &Path, text: &str) -> Result<(), Error> {
        self.send(&json!({
            "jsonrpc": "2.0",
            "method": "textDocument/didOpen",
            "params": { "textDocument": {
                "uri": uri(file), "languageId": "rust", "version": 1, "text": text,
            }},
        }))
    }

    /// Asks about one place of a file.
    pub(crate) fn at(
        &mut self,
        method: &str,
        file: &Path,
        (line, character): (usize, usize),
    ) -> Result<Value, Error> {
        let parameters = json!({
            "textDocument": { "uri": uri(file) },
            "position": { "line": line, "character": character },
        });
        self.ask(method, &parameters)
    }

    fn ask(&mut self, method: &str, parameters: &Value) -> Result<Value, Error> {
        // What it says where something was loaded meanwhile: ask again.
        const CONTENT_MODIFIED: i64 = -32801;
        loop {
            self.next += 1;
            let id = self.next;
            self.send(&json!({
                "jsonrpc": "2.0", "id": id, "method": method, "params": parameters,
            }))?;
            let answer = loop {
                let message = self.receive()?;
                if message["id"] == id && message.get("method").is_none() {
                    break message;
                }
                self.answer(&message)?;
            };
            match answer.get("error") {
                None => return Ok(answer["result"].clone()),
                Some(error) if error["code"] == CONTENT_MODIFIED => {
                    std::thread::sleep(std::time::Duration::from_millis(200));
                }
                Some(error) => return Err(Error::Refused(method.to_owned(), error.clone())),
            }
        }
    }

    /// It waits for answers to its own requests, none of which matter here.
    fn answer(&mut self, message: &Value) -> Result<(), Error> {
        match (message.get("id"), message.get("method")) {
            (Some(id), Some(_)) => {
                self.send(&json!({ "jsonrpc": "2.0", "id": id, "result": null }))
            }
            _ => Ok(()),
        }
    }

    fn send(&mut self, message: &Value) -> Result<(), Error> {
        let text = message.to_string();
        write!(self.input, "Content-Length: {}\r\n\r\n{text}", text.len())?;
        self.input.flush()?;
        Ok(())
    }

    fn receive(&mut self) -> Result<Value, Error> {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if self.output.read_line(&mut line)? == 0 {
                return Err(Error::Ended);
            }
            let line = line.trim_end();
            if line.is_empty() {
                break;
            }
            if let Some(number) = line.strip_prefix("Content-Length: ") {
                length = number.parse().map_err(|_| Error::Ended)?;
            }
        }
        let mut text = vec![0; length];
        self.output.read_exact(&mut text)?;
        Ok(serde_json::from_slice(&text)?)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It has nothing to save.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn uri(path: &Path) -> String {
    format!("file://{}", path.display())
}
