using System.Globalization;
using System.Text.Json;
using Honu.Hosting;

namespace Honu.Cli.Output;

/// <summary>How fresh writes are pushed, for people and for programs.</summary>
internal static class RumorText
{
    public static void Write(ResultWriter output, RumorsStatus rumors)
    {
        output.Line(string.Create(CultureInfo.InvariantCulture, $"rumors       region {rumors.State.Region}{(rumors.State.IsGathered ? ", gathered by one replica" : "")}, {rumors.Sent} sent, {rumors.Received} received, {rumors.Retries} retries"));
        foreach (var region in rumors.State.Regions)
        {
            var round = region.RoundTrip is { } time ? string.Create(CultureInfo.InvariantCulture, $"{time.TotalMilliseconds:0.###} ms") : "-";
            var detour = region.Detour is { } via ? $", by way of {via}" : "";
            output.Line(string.Create(CultureInfo.InvariantCulture, $"region       {region.Name}  round trip {round}, {region.TimeOuts:P0} time-outs, {region.Unacknowledged} unacknowledged{detour}"));
            foreach (var relay in region.Relays)
                output.Line(string.Create(CultureInfo.InvariantCulture, $"relay        {relay.Address}  reward {relay.Reward:0.00}, share {relay.Share:P0}, chosen {relay.Choices} times{(relay.TakesRumors ? "" : ", takes no rumors")}"));
        }
    }

    public static void Write(Utf8JsonWriter json, RumorsStatus rumors)
    {
        json.WriteStartObject("rumors"u8);
        json.WriteString("region"u8, rumors.State.Region);
        json.WriteBoolean("gathered"u8, rumors.State.IsGathered);
        json.WriteNumber("sent"u8, rumors.Sent);
        json.WriteNumber("received"u8, rumors.Received);
        json.WriteNumber("retries"u8, rumors.Retries);
        json.WriteStartArray("regions"u8);
        foreach (var region in rumors.State.Regions)
        {
            json.WriteStartObject();
            json.WriteString("name"u8, region.Name);
            if (region.RoundTrip is { } time)
                json.WriteNumber("roundTripMilliseconds"u8, Math.Round(time.TotalMilliseconds, 3));
            json.WriteNumber("timeOuts"u8, Math.Round(region.TimeOuts, 3));
            json.WriteNumber("unacknowledged"u8, region.Unacknowledged);
            if (region.Detour is { } via)
                json.WriteString("detour"u8, via);
            json.WriteStartArray("relays"u8);
            foreach (var relay in region.Relays)
            {
                json.WriteStartObject();
                json.WriteString("address"u8, relay.Address.ToString());
                json.WriteNumber("reward"u8, Math.Round(relay.Reward, 3));
                json.WriteNumber("share"u8, Math.Round(relay.Share, 3));
                json.WriteNumber("choices"u8, relay.Choices);
                json.WriteBoolean("takesRumors"u8, relay.TakesRumors);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }
}
