namespace Honu.Replicating;

/// <summary>What a rumor of own writes covers.</summary>
/// <param name="From">Own writes after this scalar.</param>
/// <param name="To">Up to this one; not above <paramref name="From"/> when there is nothing to tell.</param>
/// <param name="IsTooMuch">There is more than a rumor may carry: nothing was read, and sessions have to bring it.</param>
internal readonly record struct OwnWrites(ulong From, ulong To, bool IsTooMuch);
