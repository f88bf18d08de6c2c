// Two stores write the same objects without knowing of each other, then meet: what is merged, what is listed, and how a listed conflict is settled.
using System.Text;
using Honu;
using Honu.Format;

#region conflict-resolvers
// The same on every replica.
var options = new HonuStoreOptions
{
    Resolvers = new Dictionary<string, IConflictResolver>
    {
        ["visits"] = Counter.Instance,
        ["tags"] = GrowOnlySet.Instance,
        ["profiles"] = JsonFieldMerge.Instance,
    },
};
#endregion

using var berlin = HonuStore.OpenInMemory(options with { Pid = 1 });
using var lisbon = HonuStore.OpenInMemory(options with { Pid = 2 });
JsonFieldMerge.Set(berlin.Namespace("profiles"), "ada"u8, """{"name":"Ada","city":"London"}"""u8);
Exchange();

foreach (var store in new[] { berlin, lisbon })
{
    #region conflict-update
    Counter.Add(store.Namespace("visits"), "home"u8, 1);
    GrowOnlySet.Add(store.Namespace("tags"), "ada"u8, "mathematician"u8);
    JsonFieldMerge.Set(store.Namespace("profiles"), "ada"u8, """{"city":"Berlin"}"""u8);
    #endregion
}

JsonFieldMerge.Set(lisbon.Namespace("profiles"), "ada"u8, """{"name":"Ada Lovelace"}"""u8);
berlin.Put("motto"u8, "by land"u8);
lisbon.Put("motto"u8, "by sea"u8);
Exchange();

foreach (var store in new[] { berlin, lisbon })
{
    Console.WriteLine($"Replica {store.Identity.Replica}: {Counter.Read(store.Namespace("visits"), "home"u8).Total} visits, {Encoding.UTF8.GetString(store.Namespace("profiles").Get("ada"u8)!)}");
    #region conflict-list
    foreach (var conflict in store.Conflicts())
    {
        Console.WriteLine($"  {Encoding.UTF8.GetString(conflict.Key.Span)}: {conflict.Winner.Id} won, {conflict.Loser.Id} lost: {Encoding.UTF8.GetString(conflict.LoserValue.Span)}");
        store.Namespace(conflict.Namespace).Put(conflict.Key.Span, "by land and by sea"u8);
    }
    #endregion

    Exchange();
}

// What a session does, without a network: each side takes what the other's vector has not.
void Exchange()
{
    for (var round = 0; round < 2; round++)
    {
        Send(berlin, lisbon);
        Send(lisbon, berlin);
    }
}

static void Send(HonuStore from, HonuStore to)
{
    using var snapshot = from.Replication.CreateSnapshot();
    foreach (var ns in from.Namespaces)
    {
        var known = to.Replication.State(ns).Vector;
        var block = new RecordBlockWriter();
        snapshot.ReadUncovered(ns, known, default, block, int.MaxValue, int.MaxValue);
        to.Replication.Apply(ns, block.Bytes.Span, cursor: null, new VectorJoin(known, snapshot.Vector(ns)));
    }
}
