using System.Buffers;
using System.IO.Pipelines;

namespace Honu.Grpc;

/// <summary>Reads a response body into one array of the shared pool, so that messages lie in one piece and a call holds no more than it needs.</summary>
/// <param name="body">The body.</param>
/// <param name="initialBytes">The size of the array at first. What is asked for beyond it, and beyond 64 KiB, must have arrived by half.</param>
internal sealed class ResponseBodyReader(Stream body, int initialBytes) : PipeReader
{
    private const int TrustedBytes = 64 * 1024;

    private byte[] _array = [];
    private int _start;
    private int _examined;
    private int _end;
    private bool _ended;

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) => ReadAtLeastAsyncCore(1, cancellationToken);

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined) =>
        (_start, _examined) = (consumed.GetInteger(), examined.GetInteger());

    public override void Complete(Exception? exception = null)
    {
        if (_array.Length > 0)
            ArrayPool<byte>.Shared.Return(_array);
        (_array, _start, _examined, _end, _ended) = ([], 0, 0, 0, true);
    }

    public override bool TryRead(out ReadResult result) => throw new NotSupportedException();

    public override void CancelPendingRead() => throw new NotSupportedException();

    protected override async ValueTask<ReadResult> ReadAtLeastAsyncCore(int minimumSize, CancellationToken cancellationToken)
    {
        while (!_ended && (_examined == _end || _end - _start < minimumSize))
        {
            MakeRoom(minimumSize);
            var count = await body.ReadAsync(_array.AsMemory(_end), cancellationToken).ConfigureAwait(false);
            (_examined, _end, _ended) = (_start, _end + count, count == 0);
        }

        return new ReadResult(new ReadOnlySequence<byte>(_array, _start, _end - _start), isCanceled: false, isCompleted: _ended);
    }

    private void MakeRoom(int wantedBytes)
    {
        var buffered = _end - _start;
        var size = Math.Max(initialBytes, Math.Min(Math.Max(wantedBytes, buffered + 1), (int)Math.Clamp(2L * buffered, TrustedBytes, Array.MaxLength)));
        if (_end < _array.Length && _array.Length - _start >= size)
            return;

        var old = _array;
        if (_array.Length < size)
            _array = ArrayPool<byte>.Shared.Rent(size);
        old.AsSpan(_start, buffered).CopyTo(_array);
        (_start, _examined, _end) = (0, buffered, buffered);
        if (old != _array && old.Length > 0)
            ArrayPool<byte>.Shared.Return(old);
    }
}
