'use strict';
// grpc.testing.TestService on grpc-js:  node server.js --listen HOST:PORT [--tls DIR]
// It cannot compress responses (grpc-js's server does not), so the server_compressed cases are not for it.

const { parseArguments, loadTesting, pem, observeRequests } = require('./common');
const flagsOf = observeRequests();
const grpc = require('@grpc/grpc-js');

const args = parseArguments(['--listen', '--tls']);
const testing = loadTesting();

function echoMetadata(call) {
  const initial = call.metadata.get('x-grpc-test-echo-initial');
  if (initial.length > 0) {
    const headers = new grpc.Metadata();
    headers.set('x-grpc-test-echo-initial', initial[0]);
    call.sendMetadata(headers);
  }
  const trailers = new grpc.Metadata();
  for (const value of call.metadata.get('x-grpc-test-echo-trailing-bin')) trailers.add('x-grpc-test-echo-trailing-bin', value);
  return trailers;
}

const payload = (size) => ({ type: 'COMPRESSABLE', body: Buffer.alloc(size) });
const asked = (status) => status && status.code !== 0 ? { code: status.code, details: status.message } : null;

function wrongFlag(call, index, expected) {
  const compressed = flagsOf(call.metadata).compressed[index];
  return expected && expected.value !== compressed
    ? { code: grpc.status.INVALID_ARGUMENT, details: `message ${index}, compressed: ${compressed}` }
    : null;
}

async function respond(call, request) {
  for (const parameters of request.response_parameters) {
    if (parameters.interval_us > 0) await new Promise((resolve) => setTimeout(resolve, parameters.interval_us / 1000));
    call.write({ payload: payload(parameters.size) });
  }
}

const service = {
  EmptyCall: (call, callback) => callback(null, {}),

  UnaryCall(call, callback) {
    const trailers = echoMetadata(call);
    const failure = wrongFlag(call, 0, call.request.expect_compressed) || asked(call.request.response_status);
    if (failure) callback({ ...failure, metadata: trailers });
    else callback(null, { payload: payload(call.request.response_size) }, trailers);
  },

  StreamingInputCall(call, callback) {
    let size = 0;
    let index = 0;
    let failure = null;
    call.on('data', (request) => {
      failure ??= wrongFlag(call, index++, request.expect_compressed);
      size += request.payload.body.length;
    });
    call.on('end', () => callback(failure, { aggregated_payload_size: size }));
  },

  StreamingOutputCall(call) {
    const failure = asked(call.request.response_status);
    if (failure) call.emit('error', failure);
    else respond(call, call.request).then(() => call.end());
  },

  FullDuplexCall(call) {
    const trailers = echoMetadata(call);
    let last = Promise.resolve();
    let failed = false;
    call.on('data', (request) => {
      const failure = asked(request.response_status);
      if (failure) {
        failed = true;
        call.emit('error', { ...failure, metadata: trailers });
      } else {
        last = last.then(() => respond(call, request));
      }
    });
    call.on('end', () => last.then(() => failed || call.end(trailers)));
  },
};

const server = new grpc.Server();
server.addService(testing.TestService.service, service);
const credentials = args.tls
  ? grpc.ServerCredentials.createSsl(pem(args.tls, 'ca.pem'), [{ private_key: pem(args.tls, 'server.key'), cert_chain: pem(args.tls, 'server.pem') }], true)
  : grpc.ServerCredentials.createInsecure();
server.bindAsync(args.listen, credentials, (error, port) => {
  if (error) throw error;
  console.log(`listening on ${args.listen.replace(/:\d+$/, '')}:${port}`);
});
process.on('SIGTERM', () => process.exit(0));
