# Runs one case of the official Ruby client (test/client.rb of the grpc gem), unchanged but for the certificates:
# it knows only its built-in test authority, and no client certificate.
#
#   ruby client.rb --connect HOST:PORT --case NAME [--tls DIR]
#   ruby client.rb --cases        prints the names of its cases
require_relative 'official'

arguments = Official.arguments(%w[--connect --case --tls], flags: %w[--cases])
load Official.file('pb/test/client.rb')

# Its public methods that need no Google account.
CASES = NamedTests.instance_methods(false).map(&:to_s) -
        %w[all service_account_creds jwt_token_creds compute_engine_creds oauth2_auth_token per_rpc_creds google_default_credentials]

if arguments['--cases']
  puts CASES.sort
  exit
end

TLS = arguments['--tls']

# The credentials that the official create_stub takes.
def ssl_creds(_use_test_ca)
  pem = ->(name) { File.read(File.join(TLS, name)) }
  GRPC::Core::ChannelCredentials.new(pem['ca.pem'], pem['client.key'], pem['client.pem'])
end

host, _, port = arguments['--connect'].rpartition(':')
ARGV.replace(["--server_host=#{host}", "--server_port=#{port}", "--use_tls=#{TLS ? 'true' : 'false'}", '--use_test_ca=true',
              "--test_case=#{arguments['--case']}"])
main
