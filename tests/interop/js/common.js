'use strict';
// What the client and the server of this folder share: arguments, the service from the distribution's protos, and a look at the wire.

const fs = require('node:fs');
const http2 = require('node:http2');
const path = require('node:path');

/** --name value pairs; anything else ends the program. */
function parseArguments(names) {
  const found = {};
  for (let i = 2; i < process.argv.length; i += 2) {
    const name = process.argv[i];
    if (!names.includes(name) || i + 1 === process.argv.length) {
      console.error(`usage: node ${path.basename(process.argv[1])} ${names.map((n) => `${n} VALUE`).join(' ')}`);
      process.exit(2);
    }
    found[name.slice(2)] = process.argv[i + 1];
  }
  return found;
}

function loadTesting() {
  const root = process.env.GRPC_PROTO_ROOT || '/usr/share/grpc-proto';
  const definition = require('@grpc/proto-loader').loadSync('grpc/testing/test.proto', { includeDirs: [root], keepCase: true, enums: String, defaults: true });
  return require('@grpc/grpc-js').loadPackageDefinition(definition).grpc.testing;
}

const pem = (directory, name) => fs.readFileSync(path.join(directory, name));

/** Which messages of one direction of a call were compressed: flag, length in four bytes, message. */
class MessageFlags {
  compressed = [];
  #prefix = [];
  #left = 0;

  observe(bytes) {
    for (let i = 0; i < bytes.length;) {
      if (this.#left > 0) {
        const skipped = Math.min(this.#left, bytes.length - i);
        this.#left -= skipped;
        i += skipped;
        continue;
      }
      this.#prefix.push(bytes[i++]);
      if (this.#prefix.length === 5) {
        this.#left = Buffer.from(this.#prefix).readUInt32BE(1);
        this.compressed.push(this.#prefix[0] === 1);
        this.#prefix = [];
      }
    }
  }
}

// What arrives goes through push, which no listener can disturb.
function observeReceived(stream, flags) {
  const push = stream.push;
  stream.push = function (chunk, ...rest) {
    if (chunk) flags.observe(chunk);
    return push.call(this, chunk, ...rest);
  };
}

/** Calls observer(flags) with the responses of each call that this process makes. grpc-js hides what was compressed; it must not be loaded before. */
function observeResponses(observer) {
  const connect = http2.connect;
  http2.connect = function (...args) {
    const session = connect.apply(this, args);
    const request = session.request;
    session.request = function (...requestArgs) {
      const stream = request.apply(this, requestArgs);
      const flags = new MessageFlags();
      observeReceived(stream, flags);
      observer(flags);
      return stream;
    };
    return session;
  };
}

const observedHeader = 'x-observed-call';

/** Observes the requests that this process serves; the result gives the flags of a call by its metadata. */
function observeRequests() {
  const calls = new Map();
  for (const name of ['createServer', 'createSecureServer']) {
    const create = http2[name];
    http2[name] = function (...args) {
      const server = create.apply(this, args);
      server.on('stream', (stream, headers) => {
        const flags = new MessageFlags();
        const id = String(calls.size);
        headers[observedHeader] = id;
        calls.set(id, flags);
        observeReceived(stream, flags);
      });
      return server;
    };
  }
  return (metadata) => calls.get(metadata.get(observedHeader)[0]);
}

module.exports = { parseArguments, loadTesting, pem, observeResponses, observeRequests };
