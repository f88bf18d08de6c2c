using System.Buffers;

namespace Honu.Writing;

internal enum CommitRequestState
{
    Waiting,
    Leading,
    Done,
}

/// <summary>A write that waits in the <see cref="CommitQueue"/>, with copies of its key and value.</summary>
internal sealed class CommitRequest
{
    private readonly object _signal = new();
    private volatile CommitRequestState _state;
    private byte[] _bytes = [];
    private int _keyLength;
    private int _valueLength;
    private WriteKind _kind;
    private string _namespace = "";
    private uint _valueChecksum;
    private VersionId _expected;
    private bool _sync;
    private NamespaceState? _namespaceState;
    private ulong _hash;
    private ulong _lifetime;

    /// <summary>Nobody else commits this one: its thread must lead.</summary>
    public bool IsExclusive { get; init; }

    public WriteOutcome Outcome { get; set; }

    public Exception? Error { get; set; }

    public bool Sync => _sync;

    public int ByteCount => _keyLength + _valueLength;

    public WriteOperation Operation => new(_kind, _namespace, _bytes.AsSpan(0, _keyLength), _bytes.AsSpan(_keyLength, _valueLength), _valueChecksum, _expected, _sync, _namespaceState, _hash, _lifetime);

    // One per thread: a thread waits for one write at a time.
    [ThreadStatic]
    private static CommitRequest? _own;

    public static CommitRequest Copy(in WriteOperation operation)
    {
        var bytes = ArrayPool<byte>.Shared.Rent(operation.Key.Length + operation.Value.Length);
        operation.Key.CopyTo(bytes);
        operation.Value.CopyTo(bytes.AsSpan(operation.Key.Length));
        var request = _own ??= new CommitRequest();
        request._bytes = bytes;
        request._keyLength = operation.Key.Length;
        request._valueLength = operation.Value.Length;
        request._kind = operation.Kind;
        request._namespace = operation.Namespace;
        request._valueChecksum = operation.ValueChecksum;
        request._expected = operation.Expected;
        request._sync = operation.Sync;
        request._lifetime = operation.Lifetime;
        request._namespaceState = operation.State;
        request._hash = operation.Hash;
        request._state = CommitRequestState.Waiting;
        request.Outcome = default;
        request.Error = null;
        return request;
    }

    /// <summary>Gives the copied bytes back; only after <see cref="Wait"/> has returned.</summary>
    public void Release()
    {
        ArrayPool<byte>.Shared.Return(_bytes);
        _bytes = [];

        // The thread may outlive the store.
        _namespaceState = null;
    }

    public CommitRequestState Wait()
    {
        // The leader is often nearly done: a short spin saves a switch of threads.
        var spinner = new SpinWait();
        while (!spinner.NextSpinWillYield)
        {
            if (_state != CommitRequestState.Waiting)
                return _state;
            spinner.SpinOnce();
        }

        var interrupted = false;
        lock (_signal)
        {
            while (_state == CommitRequestState.Waiting)
            {
                try
                {
                    Monitor.Wait(_signal);
                }
                catch (ThreadInterruptedException)
                {
                    // A leader may be reading this request's bytes: it cannot be left. The interrupt is passed on afterwards.
                    interrupted = true;
                }
            }
        }

        if (interrupted)
            Thread.CurrentThread.Interrupt();
        return _state;
    }

    public void Complete(CommitRequestState state)
    {
        lock (_signal)
        {
            _state = state;
            Monitor.Pulse(_signal);
        }
    }
}
