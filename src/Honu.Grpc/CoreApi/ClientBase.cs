using Grpc.Core.Interceptors;

namespace Grpc.Core;

/// <summary>The base of generated stubs.</summary>
public abstract class ClientBase
{
    /// <summary>A stub without an invoker, for test doubles: every method that is not overridden throws.</summary>
    protected ClientBase() : this(InterceptingCallInvoker.Missing) { }
    /// <summary>A stub with this configuration.</summary>
    protected ClientBase(ClientBaseConfiguration configuration) =>
        (Configuration, CallInvoker) = (configuration ?? throw new ArgumentNullException(nameof(configuration)), configuration.CreateInvoker());
    /// <summary>A stub on this channel.</summary>
    protected ClientBase(ChannelBase channel)
        : this((channel ?? throw new ArgumentNullException(nameof(channel))).CreateCallInvoker()) { }
    /// <summary>A stub on this invoker.</summary>
    protected ClientBase(CallInvoker callInvoker)
        : this(new ClientBaseConfiguration(callInvoker ?? throw new ArgumentNullException(nameof(callInvoker)), null)) { }
    /// <summary>Starts the calls of this stub.</summary>
    protected CallInvoker CallInvoker { get; }

    internal ClientBaseConfiguration Configuration { get; }

    /// <summary>What a stub is made of; opaque to users.</summary>
    protected internal class ClientBaseConfiguration
    {
        private readonly CallInvoker _invoker;
        private readonly string? _host;

        internal ClientBaseConfiguration(CallInvoker invoker, string? host) => (_invoker, _host) = (invoker, host);

        internal CallInvoker CreateInvoker() =>
            _host is null ? _invoker : new InterceptingCallInvoker(_invoker, Interceptor.None, (host, options) => (host ?? _host, options));

        internal ClientBaseConfiguration WithHost(string host) => new(_invoker, host ?? throw new ArgumentNullException(nameof(host)));
    }
}

/// <summary>The base of generated stubs that can make changed copies of themselves.</summary>
/// <typeparam name="T">The stub's own type.</typeparam>
public abstract class ClientBase<T> : ClientBase
    where T : ClientBase<T>
{
    /// <summary>A stub without an invoker, for test doubles: every method that is not overridden throws.</summary>
    protected ClientBase() { }
    /// <summary>A stub with this configuration.</summary>
    protected ClientBase(ClientBaseConfiguration configuration) : base(configuration) { }
    /// <summary>A stub on this channel.</summary>
    protected ClientBase(ChannelBase channel) : base(channel) { }
    /// <summary>A stub on this invoker.</summary>
    protected ClientBase(CallInvoker callInvoker) : base(callInvoker) { }
    /// <summary>A copy of this stub whose calls name another host in <c>:authority</c>.</summary>
    public T WithHost(string host) => NewInstance(Configuration.WithHost(host));
    /// <summary>Makes a stub of the same type; implemented by generated code.</summary>
    protected abstract T NewInstance(ClientBaseConfiguration configuration);
}
