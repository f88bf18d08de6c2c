# Runs the official Ruby server (test/server.rb of the grpc gem), unchanged but for where it listens and its certificates:
# it knows only 0.0.0.0, its built-in test authority, and no client certificates.
#
#   ruby server.rb --listen HOST:PORT [--tls DIR]
require_relative 'official'

arguments = Official.arguments(%w[--listen --tls])
$LOAD_PATH.unshift(Official.file('lib'))
require 'grpc'

ADDRESS = arguments['--listen']
TLS = arguments['--tls']

# The one call by which the official server opens its port.
module OwnPort
  def add_http2_port(_host, credentials)
    if TLS
      pem = ->(name) { File.read(File.join(TLS, name)) }
      credentials = GRPC::Core::ServerCredentials.new(
        pem['ca.pem'], [{ private_key: pem['server.key'], cert_chain: pem['server.pem'] }], true
      )
    end
    port = super(ADDRESS, credentials)
    puts "listening on #{ADDRESS.rpartition(':').first}:#{port}"
    $stdout.flush
    port
  end
end
GRPC::RpcServer.prepend(OwnPort)

ARGV.replace(['--port=0', "--use_tls=#{TLS ? 'true' : 'false'}"])
load Official.file('pb/test/server.rb')
